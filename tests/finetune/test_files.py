"""Writing a file: the old one or the new one, and nothing between."""

import os
from pathlib import Path

import pytest

from finetune.errors import SetupError
from finetune.files import write_atomically


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.json"


def test_a_file_is_written_and_replaced_and_others_may_read_it(path):
    for data in (b"first", b"second"):
        write_atomically(path, data)
        assert path.read_bytes() == data
        assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_failure_leaves_the_old_file_and_nothing_beside_it(path, monkeypatch, step):
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), full)
    with pytest.raises(SetupError, match=r"file\.json cannot be written: No space left on device$"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(SetupError, match="x cannot be written: No such file or directory"):
        write_atomically(tmp_path / "nowhere" / "x", b"new")
