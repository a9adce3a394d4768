"""The command that simulates: what it prints and writes, and what it says when it cannot run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from finetune.simulation.figures import Size
from scripts import simulate

ROOT = Path(__file__).parents[2]


def test_help_needs_no_heavy_import() -> None:
    code = (
        "import sys, scripts.simulate as s\ntry: s.main(['--help'])\nexcept SystemExit: print('numpy' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--quick" in shown
    assert shown.endswith("False\n")


def test_json_stands_alone_on_standard_output_and_the_plots_are_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = Size(equals=2, spread_equals=2, climbs=1, copies=1, fields=1)
    monkeypatch.setattr("finetune.simulation.figures.QUICK", few)
    assert simulate.main(["--quick", "--json", "--seed", "3", "--plots", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["about"]["seed"] == 3
    assert "s left" in shown.err, "progress is shown without a terminal too"
    assert len(list(tmp_path.glob("*.svg"))) == 4


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--plots", "no/such/folder"], "--plots: there is no folder no/such/folder"),
        (["--seed", "-1"], "--seed: found -1, allowed is 0 or more"),
        (["--spread", "0"], "--spread: found 0, allowed is more than 0"),
        (["--spread", "nan"], "--spread: found nan"),
        (["--competition", "no/such.toml"], "no/such.toml: cannot be read"),
    ],
)
def test_what_cannot_be_run_is_one_sentence(given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.main(given) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
