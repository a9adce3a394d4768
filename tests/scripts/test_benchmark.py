"""The command that measures: what it leaves behind, and what it says when it cannot run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import benchmark

ROOT = Path(__file__).parents[2]


def test_help_names_every_benchmark_without_the_heavy_imports() -> None:
    code = (
        "import sys, scripts.benchmark as b\ntry: b.main(['--help'])\nexcept SystemExit: print('torch' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert all(name in shown for name in benchmark.BENCHMARKS)
    assert shown.endswith("False\n")


def test_figures_go_to_the_terminal_and_to_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "choice.json"
    given = ["choice", "--base", "tiny", "--samples", "1", "--repeats", "1", "--seed", "5", "--json", str(file)]
    assert benchmark.main(given) == 0
    shown = capsys.readouterr().out
    assert "a pass an option" in shown
    assert "s left" in shown, "progress is shown without a terminal too"
    found = json.loads(file.read_bytes())
    assert found["benchmark"] == "choice"
    assert found["about"]["seed"] == 5
    assert found["about"]["model"] == "tiny"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--json", "no/such/folder/figures.json"], "no folder no/such/folder"),
        (["--model", "no/such/model"], "no/such/model is no folder of a model"),
        (["--base", "tiny", "--samples", "0"], "samples must be at least 1"),
    ],
)
def test_what_cannot_be_run_is_one_sentence(given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["choice", *given]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
