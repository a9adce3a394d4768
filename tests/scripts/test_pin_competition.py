"""Pinning as an owner does it: the command, a hub on loopback, a real tiny model that is untrained."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from competitions.files import read_competition
from finetune.hub.client import HubClient
from finetune.hub.server import LocalHub
from finetune.mining.tiny import build_tiny
from scripts.pin_competition import main

ROOT = Path(__file__).parents[2]
SORTING = (ROOT / "competitions" / "rehearsal" / "tiny.toml").read_text().replace("batches = 60", "batches = 10")
WRITING = SORTING.replace('"reference"\nstream = "word_sorting"', '"ifeval"\nstream = "ifeval_prompts"')


@pytest.fixture
def pin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], int]]:
    """The command, with the reference on the hub."""
    build_tiny(tmp_path / "reference", hidden=48, layers=2)
    with LocalHub(tmp_path / "hub", {"owner": "hf_owner"}) as hub:
        owner = HubClient(hub.endpoint, "hf_owner")
        owner.create("owner/tiny-llama", private=False)
        owner.upload("owner/tiny-llama", tmp_path / "reference", message="the reference")
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        flags = ["--model_dir", str(tmp_path / "models"), "--quota_gb", "1", "--unsafe_no_isolation"]
        yield lambda file: main([str(file), *flags])


def test_a_reference_that_gets_through_a_round_is_pinned_and_progress_is_shown(tmp_path, pin, capsys):
    file = tmp_path / "sorting.toml"
    file.write_text(SORTING)
    assert pin(file) == 0
    pinned = read_competition(file)
    assert pinned.pinned
    said = capsys.readouterr()
    assert said.err == ""
    assert "scored 10 of 20 samples\n" in said.out
    assert f"{file}: owner/tiny-llama at {pinned.reference.revision}, control losses " in said.out
    assert (tmp_path / "models" / "cache").is_dir()  # where a validator with this folder looks for it


def test_a_reference_that_cannot_write_is_refused_where_models_must_in_one_line_that_says_so(tmp_path, pin, capsys):
    file = tmp_path / "writing.toml"
    file.write_text(WRITING)
    assert pin(file) == 1
    refusal = capsys.readouterr().err
    assert "cannot be the reference of competition 1, for in a round it is rejected as degenerate_output: " in refusal
    assert (refusal.count("\n"), file.read_text()) == (1, WRITING)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path, pin, capsys):
    assert pin(tmp_path / "none.toml") == 1
    refusal = capsys.readouterr().err
    assert str(tmp_path / "none.toml") in refusal
    assert refusal.count("\n") == 1


def test_help_loads_no_heavy_library():
    code = "import sys; from scripts.pin_competition import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "sys.exit(bool({'torch', 'transformers', 'bittensor', 'huggingface_hub', 'numpy'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    assert run.returncode == 0
