"""scripts/train.py: from lines of text to a folder, by one process or by several; what is wrong is one error."""

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from finetune.evals.runtime import load
from finetune.mining.tiny import build_tiny
from scripts.train import main
from tests.finetune.mining.recipes.runs import RULES
from tests.finetune.mirror.wandb_server import KEY, WandbServer

ROOT = Path(__file__).parents[2]
SETTINGS = ("steps=4", "evaluations=2", "batch_size=2", "accumulation=1", "dtype=float32", "checkpointing=false")
QUICK = [word for setting in SETTINGS for word in ("--set", setting)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "base"
    build_tiny(folder, hidden=48, layers=2)
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    lines = [{"prompt": f"Say {i}.", "completion": f"{i} it is."} for i in range(40)]
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in lines))
    return file


def call(base: Path, out: Path, *more: object) -> int:
    return main(["--base", str(base), "--out", str(out), "--device", "cpu", *QUICK, *map(str, more)])


def test_from_lines_to_an_adapter(base: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert call(base, tmp_path / "out", "--data", data, "--held_out", "0.2", "--set", "learning_rate=0.02") == 0
    load(tmp_path / "out", base=base, dtype="float32", device="cpu")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "30 samples to learn, 10 held out"
    assert said[1].startswith("step 0 of 4, held out ")
    assert said[-2].startswith("held out: ")
    assert "before" in said[-2]
    assert (tmp_path / "out.training" / "loss.svg").exists()


def test_the_streams_of_a_competition_are_practised_under_its_rules(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "rules.toml").write_text(RULES)
    rules = ("--competition", tmp_path / "rules.toml", "--practice", 24)
    assert call(base, tmp_path / "out", *rules, "--held_out", "0.3", "--recipe", "full") == 0
    # Of longer samples nothing could be learned; others are drawn in their place.
    assert sum(int(word) for word in capsys.readouterr().out.splitlines()[0].split() if word.isdigit()) == 24
    assert (tmp_path / "out" / "model.safetensors").exists()
    assert call(base, tmp_path / "other", *rules, "--set", "sequence_length=500") == 2
    assert "sequence_length is 500; allowed is at most 96, where competition 1" in capsys.readouterr().err


def test_a_document_that_is_held_out_is_not_learned(
    base: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    held_out = tmp_path / "held_out.jsonl"
    held_out.write_text("".join(data.read_text().splitlines(keepends=True)[:3]))
    assert call(base, tmp_path / "out", "--data", data, "--held_out_data", held_out) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["3 samples left out: their documents are held out", "37 samples to learn, 3 held out"]


def test_a_text_that_is_held_out_is_not_learned_under_another_name(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    lines = [{"prompt": f"Say {i}.", "completion": f"{i} it is."} for i in range(10)]
    named = [{**line, "document": f"page {i}"} for i, line in enumerate(lines)]
    for name, rows in (("named", named), ("plain", lines[:4])):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    more = ("--data", tmp_path / "named", "--held_out_data", tmp_path / "plain")
    assert call(base, tmp_path / "out", *more) == 0
    assert "6 samples to learn, 4 held out" in capsys.readouterr().out


def test_a_wandb_without_a_key_is_one_error(
    base: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # whose .netrc holds no key
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert call(base, tmp_path / "out", "--data", data, "--held_out", "0.2", "--wandb", "sorting") == 2
    assert "train: wandb cannot be reported to: No API key configured" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_wandb_has_the_losses_of_the_run(base: Path, data: Path, tmp_path: Path):
    with WandbServer() as server:
        variables = {"WANDB_BASE_URL": server.endpoint, "WANDB_API_KEY": KEY, "WANDB_DIR": str(tmp_path)}
        command = [sys.executable, "scripts/train.py", "--base", base, "--out", tmp_path / "out", "--device", "cpu"]
        subprocess.run(
            [*command, *QUICK, "--data", data, "--wandb", "sorting"],
            cwd=ROOT,
            env={**os.environ, **variables},
            check=True,
            timeout=120,
        )
        assert any(b'"sorting"' in body for body in server.bodies)
        (run,) = server.runs.values()
    assert run.complete
    found = {key for row in run.rows.values() for key in row}
    assert {"train/loss", "eval/held_out"} <= found, found


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--data", "BROKEN"], "broken.jsonl line 2: its JSON cannot be read"),
        (["--competition", "REMOTE", "--practice", "9"], "127.0.0.1"),
        (["--data", "DATA", "--held_out", "0"], "there is no sample to measure on"),
        (["--data", "DATA", "--held_out", "1"], "held_out must be from 0 to below 1"),
        (["--data", "DATA", "--set", "rank=0"], "--set rank=0: rank: found 0, allowed is 1 to 512"),
        (["--data", "DATA", "--recipe", "dpo"], "this recipe learns from preference pairs"),
        (["--data", "DATA", "--competition", "77"], "no competition 77; there are"),
        (["--data", "DATA", "--competition", "none.toml"], "none.toml: cannot be read"),
        (["--data", "DATA", "--base", "nowhere"], "nowhere is not a folder"),
        (["--competition", "RULES", "--practice", "9", "--set", "sequence_length=9"], "gave 0 of 9 samples that fit 9"),
    ],
)
def test_what_is_wrong_is_one_error_and_nothing_is_left(
    base: Path,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    said: str,
):
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"text": "fine"}\n{"text"\n')
    (tmp_path / "rules.toml").write_text(RULES)
    remote = 'stream = "hub_text"\noptions = { repository = "owner/texts", files = "*.parquet", column = "text" }'
    (tmp_path / "remote.toml").write_text(RULES.replace('stream = "word_sorting"', remote))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody answers there
    files = {"REMOTE": tmp_path / "remote.toml", "DATA": data, "BROKEN": broken, "RULES": tmp_path / "rules.toml"}
    more = [*more, "--datasets", str(tmp_path_factory.mktemp("datasets"))]
    assert call(base, tmp_path / "out", *(files.get(word, word) for word in more)) == 2
    error = capsys.readouterr().err
    assert error.startswith("train: ")
    assert said in error
    assert {path.name for path in tmp_path.iterdir()} == {"mine.jsonl", "broken.jsonl", "rules.toml", "remote.toml"}


def test_help_imports_no_heavy_library():
    code = "import sys, scripts.train as t\ntry: t.main(['--help'])\nexcept SystemExit: pass\n"
    code += "sys.exit(bool({'torch', 'transformers', 'trl', 'peft', 'datasets'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=60).returncode == 0


def test_two_processes_under_accelerates_launcher_make_one_model(base: Path, data: Path, tmp_path: Path):
    launch = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--multi_gpu",
        "--num_processes",
        "2",
        "--num_machines",
        "1",
    ]
    launch += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    told = ["--base", base, "--out", tmp_path / "out", "--data", data, "--held_out", "0.2", "--device", "cpu", *QUICK]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HOME": str(tmp_path / "home")}
    with subprocess.Popen(
        [*launch, "scripts/train.py", *map(str, told)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            said, error = running.communicate(timeout=280)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
    assert running.returncode == 0, error[-2000:]
    load(tmp_path / "out", base=base, dtype="float32", device="cpu")
    # The first process alone speaks, and the second did its part: 4 steps of twice as many samples.
    assert said.count("samples to learn") == 1
    assert said.count("step 0 of 4, held out") == 1
    assert json.loads((tmp_path / "out.training" / "training.json").read_text())["processes"] == 2
