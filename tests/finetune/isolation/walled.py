"""Starting small Python programs behind walls, for tests: at each level, where this machine can do it."""

import ctypes
import functools
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE

import pytest

from finetune.isolation.level import Level
from finetune.isolation.process import Child, launch

LEVELS = tuple(Level)
WALLED = (Level.BUBBLEWRAP, Level.LANDLOCK)


@functools.cache
def why_not(level: Level) -> str | None:
    """Why this machine has no such walls, asked without the package: where that is broken, tests fail, not skip."""
    if level is Level.BUBBLEWRAP:
        if (bwrap := shutil.which("bwrap")) is None:
            return "bubblewrap is not installed"
        trial = subprocess.run([bwrap, "--unshare-all", "--bind", "/", "/", "--proc", "/proc", "true"], stderr=PIPE)
        return trial.stderr.decode().strip() or None
    if level is Level.LANDLOCK:
        landlock_create_ruleset, ask_version = 444, 1
        if sys.platform != "linux" or ctypes.CDLL(None).syscall(landlock_create_ruleset, None, 0, ask_version) < 1:
            return "the kernel has no Landlock"
    return None


def python(program: str, *arguments: str, level: Level, readable: Sequence[Path] = (), **environment: str) -> Child:
    """A child that runs `program`; the test is skipped where `level` cannot work."""
    if reason := why_not(level):
        pytest.skip(f"{level}: {reason}")
    command = [sys.executable, "-P", "-c", program, *arguments]
    return launch(command, level=level, readable=readable, environment=environment)


def answer(child: Child) -> object:
    """The JSON that it prints before it ends well."""
    with child:
        said = child.stdout.read()
        assert child.wait(30) == 0, child.stderr_tail()
    return json.loads(said)
