"""What a subnet owner sees who tries a rule before changing it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import replay
from tests.finetune.replay.played import open_warehouse, play_two
from tests.finetune.validating.subnet import address


@pytest.fixture(scope="module")
def reports() -> Iterator[Path]:
    """Four rounds of two competitions: dora holds the seat of the first, fay that of the second."""
    with open_warehouse() as warehouse:
        yield play_two(warehouse, 4)


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


def shown(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert replay.main([str(one) for one in arguments]) == 0
    return capsys.readouterr().out


def test_without_a_change_the_rounds_come_out_as_recorded(reports, capsys):
    text = shown(capsys, reports)
    assert f"4 rounds as {address('north')} reported them" in text
    assert "by the rules they were played by, 4 of 4 rounds come out as recorded" in text
    assert "unknown:" not in text


def test_other_rewards_show_beside_what_was_earned(reports, capsys):
    text = shown(capsys, reports, "--reward", "1=0.9", "--reward", "2=0.1")
    (fay,) = [line for line in text.splitlines() if line.startswith(f"│ {address('fay')[:8]}")]
    assert [cell.strip() for cell in fay.split("│")[2:5]] == ["40.0%", "10.0%", "-30.0%"]


def test_another_task_mix_shows_who_would_hold_the_seat_and_what_is_not_known(reports, capsys):
    text = shown(capsys, reports, "--competition_id", 1, "--task", "WORDS=0.25", "--task", "BRACKETS=0.75")
    (seat,) = [line for line in text.splitlines() if line.startswith("│ 1 ")]
    cells = [cell.strip() for cell in seat.split("│")[1:6]]
    assert cells[1] == "40 to 80"
    assert (cells[2][:8], cells[3][:8]) == (address("dora")[:8], address("erik")[:8])
    assert cells[4] == "1 of 2"
    assert f"round 80: unknown: champion {address('erik')}@2 was not scored on any of 20 batches" in text
    assert "competition 1: 20 of a round's 60 batches make the other task mix" in text


def test_json_holds_the_same_with_full_keys(reports, capsys):
    mixed = ["--competition_id", 1, "--task", "WORDS=0", "--task", "BRACKETS=1"]
    table = json.loads(shown(capsys, reports, *mixed, "--json"))
    assert (table["validator"], table["differing"]) == (address("north"), [])
    assert [one["sync"] for one in table["seats"]] == [20, 40, 60, 80]
    assert table["shortened"] == [{"competition": 1, "batches": 15, "scored": 60}]
    last = table["seats"][-1]
    assert last["replayed"] == f"{address('erik')}@2"
    assert table["shares"][address("fay")] == {"recorded": pytest.approx(0.4), "replayed": pytest.approx(0.4)}


def test_rounds_that_do_not_come_out_as_recorded_are_told_of(reports, tmp_path, capsys):
    """Without round 40 nobody can tell why dora held the seat before round 80."""
    for path in reports.glob("*.json"):
        if path.name != "000000040-1.json":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    text = shown(capsys, tmp_path)
    assert "3 rounds come out as recorded; the first that does not is " in text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--alpha", "0.1"], "competition_id: which of [1, 2] shall be judged by other rules?"),
        (["--competition_id", "1", "--alpha", "2"], "competition 1: judge.alpha: found 2.0, allowed is 1e-12 to 0.5"),
        (["--reward", "1=0.1"], "reward: the shares of competitions [1, 2] from block 0 on sum to 0.5"),
    ],
)
def test_a_mistake_is_one_sentence(reports, capsys, arguments, text):
    assert replay.main([str(reports), *arguments]) == 1
    assert capsys.readouterr().err.startswith(text)


def test_a_folder_without_reports_is_one_sentence(tmp_path, capsys):
    assert replay.main([str(tmp_path)]) == 1
    assert (
        capsys.readouterr().err
        == f"{tmp_path}: no report (*.json) in there; give the folder of one validator's reports\n"
    )


@pytest.mark.parametrize("pair", ["1", "1=", "one=0.5", "=0.5"])
def test_a_reward_needs_its_form(pair, capsys):
    with pytest.raises(SystemExit):
        replay.main(["folder", "--reward", pair])
    assert f"argument --reward: found '{pair}', allowed is ID=SHARE" in capsys.readouterr().err


def test_help_answers_without_the_heavy_imports():
    code = (
        "import sys, scripts.replay as r\ntry: r.main(['--help'])\n"
        "except SystemExit: print({'torch', 'numpy', 'bittensor', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("set()\n")
