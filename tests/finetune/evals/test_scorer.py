"""The scorer in this process: the figures of its parts, in the order asked for."""

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from finetune.errors import ScorerUnavailable, ScoringError
from finetune.evals.engine import Engine
from finetune.evals.port import Folders
from finetune.evals.runtime import load, losses
from finetune.evals.scorer import LocalScorer
from finetune.mining.train import Lora, Recipe, train
from tests.finetune.evals.models import chat, scores, text

ITEMS = [("reference", chat("sort: b a", "a b")), ("text", text("The quick brown fox"))]


def test_each_item_gets_the_loss_of_its_own_method_in_order(tiny: Path):
    loaded = load(tiny, dtype="float32", device="cpu")
    expected = [scores(loaded, method, [sample])[0] for method, sample in ITEMS]
    assert list(LocalScorer().losses(Folders(model=tiny), ITEMS, sequence_length=64, dtype="float32")) == expected


def test_closing_stops_the_scoring(tiny: Path):
    scoring = LocalScorer().losses(Folders(model=tiny), ITEMS, sequence_length=64, dtype="float32")
    next(scoring)
    scoring.close()
    assert list(scoring) == []


def test_a_fixed_tokenizer_takes_the_place_of_the_models_own(tmp_path: Path, tiny: Path):
    other = Path(shutil.copytree(tiny, tmp_path / "other"))
    words = json.loads((other / "tokenizer.json").read_text())
    ids = words["model"]["vocab"]
    ids["a"], ids["b"] = ids["b"], ids["a"]
    (other / "tokenizer.json").write_text(json.dumps(words))
    items = [("text", text("a bad band"))]
    expected = scores(load(tiny, tokenizer=other, dtype="float32", device="cpu"), "text", [items[0][1]])
    folders = Folders(model=tiny, tokenizer=other)
    found = list(LocalScorer().losses(folders, items, sequence_length=64, dtype="float32"))
    assert found == expected
    assert found != list(LocalScorer().losses(Folders(model=tiny), items, sequence_length=64, dtype="float32"))


def test_a_model_that_cannot_be_loaded_is_an_error(tmp_path: Path):
    with pytest.raises(ScoringError, match=r"config\.json"):
        list(LocalScorer().losses(Folders(model=tmp_path), ITEMS, sequence_length=64, dtype="float32"))


def adapter_over(base: Path, folder: Path, *, seed: int) -> Path:
    """A LoRA adapter that changes what the base predicts."""
    train(
        base,
        folder,
        (text(f"{seed} pears"),) * 4,
        Recipe(
            steps=4, batch_size=1, learning_rate=0.05, warmup_steps=0, sequence_length=64, seed=seed, lora=Lora(rank=2)
        ),
    )
    return folder


def test_adapters_over_one_base_load_it_once_and_leave_it_as_it_was(tmp_path: Path, tiny: Path):
    adapters = [adapter_over(tiny, tmp_path / str(seed), seed=seed) for seed in range(3)]
    phases: list[str] = []
    engine = Engine("cpu", phases.append)

    def found(folders: Folders) -> list[float]:
        loaded = engine.open(folders, dtype="float32", sequence_length=64)
        return list(losses(loaded, ITEMS, sequence_length=64))

    bare = found(Folders(model=tiny))
    once = [found(Folders(model=one, base=tiny)) for one in adapters]
    assert [found(Folders(model=one, base=tiny)) for one in reversed(adapters)] == once[::-1]
    assert found(Folders(model=tiny)) == bare
    assert len({tuple(each) for each in [bare, *once]}) == 4
    assert phases.count("model") == 1
    alone = list(
        LocalScorer().losses(Folders(model=adapters[1], base=tiny), ITEMS, sequence_length=64, dtype="float32")
    )
    assert alone == once[1]


def test_a_broken_adapter_leaves_the_base_sound(tmp_path: Path, tiny: Path):
    broken = adapter_over(tiny, tmp_path / "broken", seed=1)
    weights = load_file(broken / "adapter_model.safetensors")
    weights.popitem()
    save_file(weights, broken / "adapter_model.safetensors")
    scorer = LocalScorer()
    bare = list(scorer.losses(Folders(model=tiny), ITEMS, sequence_length=64, dtype="float32"))
    with pytest.raises(ScoringError, match="found absent"):
        list(scorer.losses(Folders(model=broken, base=tiny), ITEMS, sequence_length=64, dtype="float32"))
    assert list(scorer.losses(Folders(model=tiny), ITEMS, sequence_length=64, dtype="float32")) == bare


def test_a_base_that_cannot_be_loaded_is_no_submissions_fault(tmp_path: Path, tiny: Path):
    adapter = adapter_over(tiny, tmp_path / "adapter", seed=1)
    with pytest.raises(ScorerUnavailable, match="the base in"):
        list(LocalScorer().losses(Folders(model=adapter, base=tmp_path), ITEMS, sequence_length=64, dtype="float32"))
