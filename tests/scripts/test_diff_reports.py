"""What somebody sees who compares two validators' reports."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from finetune.signing import sign
from scripts import diff_reports
from tests.finetune.replay.played import open_warehouse, play_three
from tests.finetune.validating.subnet import address, key

ROUND = "000000040-1.json"


@pytest.fixture(scope="module")
def reports() -> Iterator[Path]:
    with open_warehouse() as warehouse:
        yield play_three(warehouse, 2)


@pytest.fixture
def other_seed(reports, tmp_path) -> Path:
    record = json.loads((reports / "east" / ROUND).read_text())["record"]
    (tmp_path / "east.json").write_text(json.dumps(sign({**record, "seed": "ab" * 32}, key("east"))))
    return tmp_path / "east.json"


def shown(capsys: pytest.CaptureFixture[str], code: int, *arguments: object) -> str:
    assert diff_reports.main([str(one) for one in arguments]) == code
    return capsys.readouterr().out


def test_reports_that_agree_say_so_and_end_with_code_0(reports, capsys):
    lines = shown(capsys, 0, reports / "north" / ROUND, reports / "east" / ROUND).splitlines()
    assert lines == [
        f"round 40 of competition 1: first {address('north')}, second {address('east')}",
        "THE SAME but for identity, time and device",
    ]


def test_the_first_cause_is_named_and_the_code_is_1(reports, other_seed, capsys):
    lines = shown(capsys, 1, reports / "north" / ROUND, other_seed).splitlines()
    assert lines[1].startswith("cause  seed: They saw different hashes of block 40: ")
    assert lines[-1] == "DIFFERENT, first by seed"


def test_json_holds_all_differences(reports, other_seed, capsys):
    table = json.loads(shown(capsys, 1, reports / "north" / ROUND, other_seed, "--json"))
    assert (table["same"], table["cause"], table["sync"]) == (False, "seed", 40)
    assert [one["cause"] for one in table["differences"]] == ["seed"]


def test_what_cannot_be_compared_is_one_sentence_and_code_2(reports, tmp_path, capsys):
    (tmp_path / "broken.json").write_text('{"record": {}, "hotkey": "", "signature": ""}')
    assert diff_reports.main([str(reports / "north" / ROUND), str(tmp_path / "broken.json")]) == 2
    assert "the signature does not fit" in capsys.readouterr().err
    assert diff_reports.main([str(reports / "north" / ROUND), str(reports / "north" / "000000020-1.json")]) == 2
    assert "the reports tell of two rounds" in capsys.readouterr().err
