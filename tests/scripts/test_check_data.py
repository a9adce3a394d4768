"""What a miner sees of training data before a run, and what is said where there is something wrong with it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from finetune.mining.tiny import byte_tokenizer
from scripts import check_data

ROOT = Path(__file__).parents[2]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.jsonl"
    path.write_text("".join(json.dumps({"text": f"{i:04}"}) + "\n" for i in range(1999)) + '{"text": "0001"}\n')
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"prompt": "One?", "completion": "1"}\n{"prompt": "Two?"}\n{\n')
    return path


def test_good_data_is_shown_in_three_tables(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    byte_tokenizer().save_pretrained(tmp_path / "base")
    arguments = [str(good), "--tokenizer", str(tmp_path / "base"), "--sequence_length", "4"]
    assert check_data.main(arguments) == 0
    assert capsys.readouterr().out.splitlines() == [
        "form        lines  samples  duplicates  faulty  file",
        f"plain text  2,000    1,999           1       0  {good}",
        "",
        "length in  count  least  median  p95  most  longer",
        "bytes      1,999      4       4    4     4       -",
        "tokens     1,999      5       5    5     5   1,999",
        "",
        "side      samples  documents",
        "train       1,905      1,905",
        "held out       94         94",
    ]


def test_faults_stop_with_their_list_and_the_status_2(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]):
    assert check_data.main([str(good), str(bad)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert lines[0] == 'check_data: 2 lines cannot be trained on; "skip" would leave that out:'
    assert lines[1].startswith(f"  {bad} line 2: no form has its keys: it has ['prompt']; allowed are ")
    assert lines[2].startswith(f"  {bad} line 3: its JSON cannot be read: ")


def test_skipped_faults_are_shown_at_the_end(bad: Path, capsys: pytest.CaptureFixture[str]):
    assert check_data.main([str(bad), "--data_errors", "skip"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"prompt and completion      3        1           0       2  {bad}"
    at = lines.index("2 faulty lines:")
    assert lines[at + 1 : at + 4] == [
        "  1 x no form has its keys",
        "  1 x its JSON cannot be read",
        "the first of them:",
    ]
    assert len(lines[at + 4 :]) == 2
    assert "One side is empty: a document is never split, and there are few of them." in lines


def test_json_has_the_same_figures(bad: Path, capsys: pytest.CaptureFixture[str]):
    assert check_data.main([str(bad), "--data_errors", "skip", "--json", "--held_out", "0"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"][0]["samples"] == found["split"]["train"]["samples"] == 1
    assert found["split"]["held_out"] == {"samples": 0, "documents": 0}
    assert found["lengths"]["bytes"]["median"] == 5
    assert found["faults"]["counts"] == {"no form has its keys": 1, "its JSON cannot be read": 1}
    assert str(bad) in found["faults"]["listed"][0]


def test_the_seed_chooses_what_is_held_out_and_every_turn_gives_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "chats.jsonl"
    turns = [{"from": name, "value": f"{i}"} for i, name in enumerate(["human", "gpt"] * 3)]
    path.write_text(json.dumps({"conversations": turns}) + "\n")
    sides = set()
    for seed in range(8):
        arguments = [str(path), "--every_turn", "--held_out", "0.5", "--seed", str(seed), "--json"]
        assert check_data.main(arguments) == 0
        sides.add(json.loads(capsys.readouterr().out)["split"]["train"]["samples"])
    assert sides == {0, 3}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.jsonl"], "check_data: none.jsonl is no file"),
        (["none.jsonl", "--held_out", "1"], "check_data: held_out must be from 0 to below 1; found 1.0"),
        (
            ["none.jsonl", "--tokenizer", "none"],
            "check_data: none holds no tokenizer.json; --tokenizer takes the folder",
        ),
    ],
)
def test_a_mistake_is_one_sentence(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str):
    assert check_data.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["a", "--sequence_length", "9"], ["a", "--data_errors", "hide"]])
def test_a_wrong_argument_is_refused(arguments: list[str]):
    with pytest.raises(SystemExit, match="2"):
        check_data.main(arguments)


def test_help_answers_without_the_heavy_imports():
    code = (
        "import sys, scripts.check_data as s\ntry: s.main(['--help'])\n"
        "except SystemExit: print([m for m in ('torch', 'transformers', 'finetune') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
