"""`scripts/board.py`: a site from folders of reports, and one that follows them."""

import json
import re
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import scripts.board as board
from competitions.schedule import Catalog
from tests.finetune.board.made_reports import Miner, Play, competition, hotkey


@pytest.fixture(scope="module")
def reports():
    play = Play(Catalog((competition(),)), [Miner(name="ada", loss=1.5)], validators={"north": 2.0, "east": 1.0})
    return play.reports(2)


def put(folder: Path, report: dict) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{report['record']['sync']:09d}-1.json"
    path.write_text(json.dumps(report))
    return path


def rounds(data: bytes | str) -> int:
    return json.loads(data)["competitions"][0]["rounds"]


def test_a_validators_folder_becomes_a_site(tmp_path, capsys, reports):
    for one in reports:
        put(tmp_path / "models" / "reports" / one["hotkey"], one)
    (tmp_path / "models" / "config.json").write_text("{}")  # no report: what else a validator keeps is not looked at
    out = tmp_path / "site"
    assert board.main(["build", "--reports", str(tmp_path / "models"), "--out", str(out), "--space"]) == 0
    assert "0 of 4 reports left out" in capsys.readouterr().out
    values = json.loads((out / "index.json").read_text())
    assert values["competitions"][0]["champion"] == f"{hotkey('ada')}@1"
    assert rounds(json.dumps(values)) == 2
    assert (out / "README.md").is_file()
    assert "no chain was asked" in (out / "index.html").read_text("utf-8")


def test_what_is_no_report_is_told_and_costs_nothing_else(tmp_path, capsys, reports):
    put(tmp_path / "in", reports[0])
    for number, text in enumerate(("[]", "{", '{"record": 1}', "[" * 100_000, "")):
        (tmp_path / "in" / f"{number}.json").write_text(text)
    assert board.main(["build", "--reports", str(tmp_path / "in"), "--out", str(tmp_path / "site")]) == 0
    assert "5 of 6 reports left out" in capsys.readouterr().out
    told = json.loads((tmp_path / "site" / "validators.json").read_text())["left_out"]
    assert [one["why"][:12] for one in told][:3] == ["is no report", "is no JSON f", "the signatur"]


def test_an_empty_folder_is_a_board_without_rounds(tmp_path):
    (tmp_path / "in").mkdir()
    assert board.main(["build", "--reports", str(tmp_path / "in"), "--out", str(tmp_path / "site")]) == 0
    assert "No competition runs now." in (tmp_path / "site" / "index.html").read_text("utf-8")


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path, capsys):
    assert board.main(["build", "--reports", str(tmp_path / "gone"), "--out", str(tmp_path / "site")]) == 2
    assert "there is no such folder" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_serving_follows_new_reports_and_answers_to_this_machines_name_alone(tmp_path, capsys, monkeypatch, reports):
    monkeypatch.setattr(board, "_EVERY_SECONDS", 0.05)
    put(tmp_path / "in" / "north", reports[0])
    stop = threading.Event()
    arguments = ["serve", "--reports", str(tmp_path / "in"), "--port", "0"]
    thread = threading.Thread(target=board.main, args=(arguments, stop))
    thread.start()
    try:
        address = wait_for(lambda: re.search(r"http://\S+/", capsys.readouterr().out))[0]
        assert rounds(get(address + "index.json")) == 1
        assert b"data-live" in get(address)
        before = get(address + "version.txt")
        put(tmp_path / "in" / "north", next(one for one in reports[2:] if one["hotkey"] == hotkey("north")))
        wait_for(lambda: get(address + "version.txt") != before)
        assert rounds(get(address + "index.json")) == 2
        with pytest.raises(urllib.error.HTTPError, match="403"):
            get(address, Host="board.example")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(address + "../in/north/000000020-1.json")
    finally:
        stop.set()
        thread.join()


def get(address: str, **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
        return answer.read()


def wait_for(true):
    """What a condition gives once it gives something; the test's own time limit ends a wait in vain."""
    while not (found := true()):
        time.sleep(0.02)
    return found
