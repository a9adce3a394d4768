"""New folders: there whole or not at all."""

from pathlib import Path

import pytest

from finetune.errors import SetupError
from finetune.mining.folders import new_folder


def test_a_folder_appears_when_it_is_finished(tmp_path: Path):
    out = tmp_path / "deep" / "out"
    with new_folder(out) as building:
        (building / "file").write_text("x")
        assert not out.exists()
    assert (out / "file").read_text() == "x"
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_inside_leaves_nothing(tmp_path: Path, error: type[BaseException]):
    def fail() -> None:
        with new_folder(tmp_path / "out") as building:
            (building / "file").write_text("x")
            raise error

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_refused_and_kept(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SetupError, match="is there already"), new_folder(tmp_path):
        pass
    assert (tmp_path / "file").read_text() == "x"


def test_a_folder_that_appears_meanwhile_is_kept(tmp_path: Path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "file").write_text("x")
    with pytest.raises(SetupError, match="cannot put the finished folder"), new_folder(tmp_path / "out"):
        theirs.rename(tmp_path / "out")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "file"]


def test_a_place_where_no_folder_can_be_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SetupError, match="cannot make the folder"), new_folder(tmp_path / "file" / "out"):
        pass


def test_others_may_read_a_finished_folder(tmp_path: Path):
    with new_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755
