"""What somebody sees who checks a report."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from finetune.signing import sign
from scripts import verify_report
from tests.finetune.replay.played import open_warehouse, play_three
from tests.finetune.validating.subnet import key


@pytest.fixture(scope="module")
def reports() -> Iterator[Path]:
    """Three rounds of a validator, and their chain in `../subnet`."""
    with open_warehouse() as warehouse:
        yield play_three(warehouse, 3) / "north"


def shown(capsys: pytest.CaptureFixture[str], code: int, *arguments: object) -> list[str]:
    assert verify_report.main([str(one) for one in arguments]) == code
    return capsys.readouterr().out.splitlines()


def test_each_check_is_a_line_and_the_last_is_the_verdict(reports, capsys):
    lines = shown(capsys, 0, reports / "000000060-1.json")
    assert lines[0] == "passed       the record is whole and its signature fits its hotkey"
    assert {line.split()[0] for line in lines[:-1]} == {"passed", "not"}
    assert lines[-1].startswith("PASSED: ")
    assert lines[-1].endswith("4 not checked")


def test_chain_and_season_are_asked_where_they_are_named(reports, capsys):
    chain = ["--subtensor.network", f"local:{reports.parent / 'subnet' / 'chain.sqlite'}"]
    lines = shown(capsys, 0, reports / "000000060-1.json", "--season", reports, *chain)
    assert "passed       the seed is the hash of the sync block" in lines
    assert "passed       the validator's reports since the season began give the same decisions" in lines
    assert lines[-1].endswith("; 1 not checked")


def test_a_forgery_fails_with_what_is_wrong_and_code_1(reports, tmp_path, capsys):
    report = json.loads((reports / "000000060-1.json").read_text())
    report["record"]["epsilon"] = 0.5
    (tmp_path / "changed.json").write_text(json.dumps(report))
    lines = shown(capsys, 1, tmp_path / "changed.json")
    assert lines[1] == "             - the signature does not fit"
    assert lines[-1] == "FAILED: 1 of 1 checks"
    (tmp_path / "signed.json").write_text(json.dumps(sign(report["record"], key("north"))))
    lines = shown(capsys, 1, tmp_path / "signed.json")
    assert any(line.strip().startswith("- epsilon: the report tells 0.5, found is 0.0") for line in lines)


def test_json_holds_the_same(reports, capsys):
    table = json.loads("\n".join(shown(capsys, 0, reports / "000000060-1.json", "--json")))
    assert table["verdict"].startswith("PASSED")
    assert {one["outcome"] for one in table["checks"]} == {"passed", "not checked"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nowhere.json"], "verify_report: nowhere.json: cannot be read: No such file or directory\n"),
        (["{report}", "--season", "nowhere"], "verify_report: nowhere: there is no such folder"),
        (["{report}", "--subtensor.network", "local:nowhere"], "verify_report: there is no chain at nowhere"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence_and_code_2(reports, capsys, arguments, text):
    named = [one.format(report=reports / "000000060-1.json") for one in arguments]
    assert verify_report.main(named) == 2
    assert capsys.readouterr().err.startswith(text)


def test_help_answers_without_the_heavy_imports():
    code = (
        "import sys, scripts.verify_report as v, scripts.diff_reports as d\n"
        "for one in (v, d):\n"
        "    try: one.main(['--help'])\n"
        "    except SystemExit: print({'torch', 'numpy', 'bittensor', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("set()\n") == 2
