"""Which level is found: the best whose walls hold, and none only for an operator who asks for that."""

import sys
from pathlib import Path

import pytest

from finetune.errors import SetupError
from finetune.isolation import trial
from finetune.isolation.level import Level
from finetune.isolation.trial import find_level, try_level
from tests.finetune.isolation.walled import why_not


def pretend(folder: Path, monkeypatch: pytest.MonkeyPatch, *, bwrap: str) -> None:
    """Put a shell script in the place of bubblewrap."""
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\n{bwrap}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_the_best_level_that_works_is_found():
    working = [level for level in Level if why_not(level) is None]
    assert find_level(unsafe=True) is working[0]


def test_bubblewrap_that_is_not_allowed_gives_way_to_landlock(tmp_path, monkeypatch):
    if reason := why_not(Level.LANDLOCK):
        pytest.skip(reason)
    pretend(tmp_path, monkeypatch, bwrap="echo 'bwrap: No permissions to create new namespace' >&2; exit 1")
    assert try_level(Level.BUBBLEWRAP) == "bwrap: No permissions to create new namespace"
    assert find_level() is Level.LANDLOCK


def test_walls_with_a_hole_are_no_walls(tmp_path, monkeypatch):
    pretend(tmp_path, monkeypatch, bwrap='while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    assert try_level(Level.BUBBLEWRAP) == "a file outside can be read"


def test_where_nothing_works_the_error_says_why_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    real = trial.try_level
    monkeypatch.setattr(trial, "try_level", lambda level: "no kernel" if level is Level.LANDLOCK else real(level))
    with pytest.raises(SetupError) as caught:
        find_level()
    text = str(caught.value)
    assert "bubblewrap: the program bwrap is not on the PATH; landlock: no kernel" in text
    assert "apt-get install bubblewrap" in text
    assert "--unsafe_no_isolation" in text
    assert find_level(unsafe=True) is Level.NONE


def test_only_linux_has_walls(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SetupError, match="it needs Linux"):
        find_level()
