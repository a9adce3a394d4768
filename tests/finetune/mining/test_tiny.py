"""The tiny model: the same everywhere, and made of files that a submission may hold."""

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from finetune.errors import SetupError
from finetune.evals.runtime import load
from finetune.mining.tiny import build_tiny


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_a_seed_gives_the_same_weights_whatever_was_drawn_before(tmp_path: Path):
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    build_tiny(tmp_path / "a", seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(7)
    build_tiny(tmp_path / "b", seed=1)
    build_tiny(tmp_path / "c", seed=2)
    assert weights(tmp_path / "a") == weights(tmp_path / "b") != weights(tmp_path / "c")


def test_it_is_tiny_and_loads_as_an_ordinary_model(tmp_path: Path):
    build_tiny(tmp_path / "tiny")
    loaded = load(tmp_path / "tiny", dtype="float32", device="cpu")
    assert 300_000 < sum(weight.numel() for weight in loaded.model.parameters()) < 600_000
    assert {path.name for path in (tmp_path / "tiny").iterdir()} == {
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }


def test_its_tokens_are_the_bytes_of_utf_8(tmp_path: Path):
    build_tiny(tmp_path / "tiny", hidden=24, layers=1)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "tiny")
    text = "Ünïcödé 日本 \U0001f600\n\t\x00"
    ids = tokenizer(text)["input_ids"]
    assert len(ids) == len(text.encode())
    assert max(ids) < 256
    assert tokenizer.decode(ids) == text


def test_a_folder_that_is_there_is_refused(tmp_path: Path):
    with pytest.raises(SetupError, match="is there already"):
        build_tiny(tmp_path)
