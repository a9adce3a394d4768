"""Folders of reports: whatever lies there is read once, judged, and read again only where it has changed."""

import json
import os

import pytest

from finetune.board import folders as module
from finetune.board import record
from finetune.board.folders import ReportFolders
from finetune.board.sifting import LeftOut
from finetune.errors import SetupError
from tests.finetune.board.made_reports import hotkey


@pytest.fixture
def folder(tmp_path, reports):
    for number, one in enumerate(reports[:3]):
        (tmp_path / f"{number}.json").write_text(json.dumps(one))
    return tmp_path


def test_only_what_has_changed_is_read_again(folder, monkeypatch):
    read = []
    found = ReportFolders([folder])
    monkeypatch.setattr(module, "_read", lambda path: read.append(path.name) or LeftOut(claims="", why=""))
    assert found.read()
    assert sorted(read) == ["0.json", "1.json", "2.json"]
    assert not found.read()
    os.utime(folder / "1.json", ns=(1, 1))
    (folder / "2.json").unlink()
    read.clear()
    assert found.read()
    assert read == ["1.json"]
    assert len(found.readings) == 2


def test_a_report_is_found_by_its_validator_and_round(folder, reports):
    found = ReportFolders([folder])
    found.read()
    first = reports[0]
    assert found.files[first["hotkey"], first["record"]["sync"]].read_text() == json.dumps(first)


def test_a_file_beyond_the_largest_honest_report_is_not_read(folder, monkeypatch):
    monkeypatch.setattr(record, "MOST_BYTES", 10)
    found = ReportFolders([folder])
    found.read()
    assert {one.why.partition(" bytes, ")[2] for one in found.readings} == {"allowed is a report of at most 10"}
    assert found.files == {}


def test_a_folder_with_a_folder_of_reports_stands_for_that_one(tmp_path, reports):
    (tmp_path / "reports" / "north").mkdir(parents=True)
    (tmp_path / "reports" / "north" / "1.json").write_text(json.dumps(reports[0]))
    (tmp_path / "result.json").write_text("{}")
    found = ReportFolders([tmp_path])
    found.read()
    assert [one.validator for one in found.readings] == [hotkey("north")]


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SetupError, match="there is no such folder"):
        ReportFolders([tmp_path / "gone"])
