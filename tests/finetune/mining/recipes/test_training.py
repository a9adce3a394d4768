"""Every recipe teaches; what it says of itself is what a validator would find; what cannot be trained is refused."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from competitions.rejection import Rejection
from finetune.errors import ModelRejected, ScoringError, SetupError
from finetune.evals.reference_loss import reference_loss
from finetune.evals.runtime import Loaded, load
from finetune.mining.recipes.checkpoints import progress_folder
from finetune.mining.recipes.held_out import loss_of_files
from finetune.mining.recipes.learner import open_learner
from finetune.mining.recipes.progress import Progress
from finetune.mining.recipes.training import train_recipe
from finetune.mining.train import Recipe, train
from tests.finetune.evals.models import scores
from tests.finetune.mining.recipes.runs import pairs, recipe, replies, run

QUICK = ("steps=24", "batch_size=8", "evaluations=4")


def mean(figures: list[float]) -> float:
    return sum(figures) / len(figures)


@pytest.mark.parametrize(
    ("name", "settings", "margin"),
    [
        # In bits per byte, of the 8 that the untrained base pays.
        ("full", ("learning_rate=0.01",), 3.0),
        ("partial", ("learning_rate=0.01", "top_layers=1"), 0.3),
        ("lora", ("learning_rate=0.02",), 0.3),
        ("qlora", ("learning_rate=0.02",), 0.3),
        # In bits, of the 1 that a model without preferences pays.
        ("dpo", ("learning_rate=0.01",), 0.3),
    ],
)
def test_the_held_out_loss_falls_by_the_margin(base: Path, tmp_path: Path, name: str, settings, margin: float):
    how = recipe(name, *QUICK, *settings)
    trained = run(base, tmp_path / "out", how, samples=200)
    assert trained is not None
    assert trained.after < trained.before - margin
    # And by the scoring engine alone, on the files.
    over = None if name in ("full", "partial") else base
    loaded = load(tmp_path / "out", base=over, dtype="float32", device="cpu")
    method, held_out = ("preference", pairs) if name == "dpo" else ("reference", replies)
    assert mean(scores(loaded, method, held_out(1000, 1008))) == pytest.approx(trained.after, abs=1e-6)


def test_a_base_in_four_bits_is_in_four_bits_and_its_adapter_is_not(base: Path):
    learner = open_learner(base, recipe("qlora"), cpu=True)
    weights = dict(learner.model.named_parameters())
    frozen, learned = (
        {one.dtype for name, one in weights.items() if "proj" in name and ("lora_" in name) is adapter}
        for adapter in (False, True)
    )
    assert (frozen, learned) == ({torch.uint8}, {torch.float32})  # of which each holds two numbers


def test_the_loss_before_is_that_of_the_base_itself_and_not_of_its_four_bits(base: Path, tmp_path: Path):
    trained = run(base, tmp_path / "out", recipe("qlora", "steps=2"))
    assert trained is not None
    loaded = load(base, dtype="float32", device="cpu")
    assert trained.before == pytest.approx(mean(scores(loaded, "reference", replies(1000, 1008))), abs=1e-6)


def test_files_too_large_for_the_device_are_measured_on_the_cpu(base: Path, monkeypatch: pytest.MonkeyPatch):
    tried = []

    def small(folder: Path, *, device: str, **more: Any) -> Loaded:
        tried.append(device)
        if device != "cpu":
            raise ModelRejected(Rejection(reason="out_of_memory", text="moving the model to cuda needs more memory"))
        return load(folder, device=device, **more)

    monkeypatch.setattr("finetune.mining.recipes.held_out.load", small)
    samples = replies(1000, 1008)
    found = loss_of_files(base, None, samples=samples, sequence_length=64, dtype="float32", device="cuda")
    loaded = load(base, dtype="float32", device="cpu")
    assert found == pytest.approx(mean(scores(loaded, "reference", samples)), abs=1e-6)
    assert tried == ["cuda", "cpu"]


def test_only_the_top_layers_change(base: Path, tmp_path: Path):
    run(base, tmp_path / "out", recipe("partial", "steps=2", "top_layers=1"))
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "out"))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith(("model.layers.1.", "model.norm.")) for name in changed)


def test_a_full_model_says_of_itself_what_the_plain_loop_would_write(base: Path, tmp_path: Path):
    run(base, tmp_path / "out", recipe("full", "steps=2"))
    plain = Recipe(steps=1, batch_size=1, learning_rate=1e-3, warmup_steps=0, sequence_length=64)
    train(base, tmp_path / "plain", replies(0, 1), plain)
    ours, theirs = (
        {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".safetensors"}
        for folder in (tmp_path / "out", tmp_path / "plain")
    )
    assert ours == theirs
    assert "config.json" in ours


def test_a_full_model_keeps_the_numbers_that_its_base_is_stored_in(base: Path, tmp_path: Path):
    small = tmp_path / "base"
    small.mkdir()
    for path in base.iterdir():
        (small / path.name).write_bytes(path.read_bytes())
    weights = {name: weight.bfloat16() for name, weight in load_file(base / "model.safetensors").items()}
    save_file(weights, small / "model.safetensors", metadata={"format": "pt"})
    run(small, tmp_path / "out", recipe("full", "steps=2"))
    assert {one.dtype for one in load_file(tmp_path / "out" / "model.safetensors").values()} == {torch.bfloat16}


def test_an_adapter_is_two_files_and_does_not_tell_where_its_base_was(base: Path, tmp_path: Path):
    run(base, tmp_path / "out", recipe("lora", "steps=2"))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"adapter_config.json", "adapter_model.safetensors"}
    config = (tmp_path / "out" / "adapter_config.json").read_text()
    assert json.loads(config)["base_model_name_or_path"] is None
    assert str(base) not in config


def test_the_first_loss_is_the_figure_of_scoring_with_packing_or_without(base: Path, tmp_path: Path):
    loaded = load(base, dtype="float32", device="cpu")
    # All of equal length, so that the mean over tokens is the mean over samples; one token a byte.
    same = [one for one in replies(0, 60) if len(one.document) == 7][:6]
    bits = reference_loss(loaded.model, loaded.tokenizer, same, sequence_length=64)
    expected = mean(list(bits)) * math.log(2)
    found: dict[bool, list[Progress]] = {False: [], True: []}
    for packing, seen in found.items():
        how = recipe("full", "steps=1", "batch_size=8", f"packing={str(packing).lower()}", "learning_rate=0.01")
        train_recipe(base, tmp_path / str(packing), same, same, how, device="cpu", on_progress=seen.append)
    first = {packing: next(one.loss for one in seen if one.loss is not None) for packing, seen in found.items()}
    assert first == {False: pytest.approx(expected, abs=1e-4), True: pytest.approx(expected, abs=1e-4)}
    # And packed samples do not see each other: the step is the same.
    plain, packed = (load_file(tmp_path / str(packing) / "model.safetensors") for packing in (False, True))
    for name in plain:
        torch.testing.assert_close(packed[name], plain[name], atol=1e-3, rtol=0)


def test_it_stops_early_and_keeps_the_best(base: Path, tmp_path: Path):
    # Far too much of one sample: what is held out gets worse from some step on.
    how = recipe("full", "steps=60", "evaluations=30", "patience=3", "learning_rate=0.03", "batch_size=1")
    told: list[Progress] = []
    trained = train_recipe(
        base, tmp_path / "out", replies(0, 1), replies(1000, 1008), how, device="cpu", on_progress=told.append
    )
    assert trained is not None
    assert trained.best_step < trained.step < 60
    assert trained.step - trained.best_step == 3 * 2
    measured = {one.step: one.held_out for one in told if one.held_out is not None}
    assert trained.after == pytest.approx(measured[trained.best_step], abs=1e-6)
    assert measured[trained.best_step] < measured[trained.step]


def test_a_loss_that_is_no_number_ends_the_training(base: Path, tmp_path: Path):
    broken = tmp_path / "base"
    broken.mkdir()
    for path in base.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    weights = load_file(base / "model.safetensors")
    weights["model.norm.weight"][0] = math.nan
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(SetupError, match="the loss of step 1 is nan"):
        run(broken, tmp_path / "out", recipe("full", "steps=2"))
    assert not (tmp_path / "out").exists()


def test_memory_that_runs_out_is_one_sentence(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr("torch.optim.AdamW.step", full)
    with pytest.raises(SetupError, match="needs more memory than there is: halve batch_size"):
        run(base, tmp_path / "out", recipe("lora", "steps=2"))
    assert not (tmp_path / "out").exists()


def test_progress_tells_every_step_of_a_short_training_and_when_it_ends(base: Path, tmp_path: Path):
    ticks = iter(range(0, 1000, 10))
    told: list[Progress] = []
    how = recipe("full", "steps=4", "evaluations=2")
    samples = replies(0, 16)
    train_recipe(
        base, tmp_path / "out", samples, samples, how, device="cpu", on_progress=told.append, clock=lambda: next(ticks)
    )
    assert [(one.step, one.loss is None) for one in told] == [
        (0, True),
        *((1, False), (2, False), (2, True)),
        *((3, False), (4, False), (4, True)),
    ]
    assert told[0].seconds_left is None
    assert told[-1].seconds_left == 0
    curve = (progress_folder(tmp_path / "out") / "loss.svg").read_text()
    assert curve.startswith("<svg")
    assert "held-out loss, bits per byte" in curve


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("partial", ("top_layers=2",), "top_layers: found 2, allowed is 1 to 1: the base has 2 layers"),
        ("lora", ('targets=["nonsense"]',), "the adapter does not fit the base: .*nonsense"),
        ("dpo", (), "learns from preference pairs, and sample 'plum 0' is none"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(base: Path, tmp_path: Path, name: str, settings, said: str):
    with pytest.raises(SetupError, match=said):
        train_recipe(base, tmp_path / "out", replies(0, 8), replies(8, 16), recipe(name, *settings), device="cpu")
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_is_refused_before_the_base_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    nowhere, samples = tmp_path / "nowhere", replies(0, 8)
    with pytest.raises(SetupError, match="is there already"):
        train_recipe(nowhere, tmp_path, samples, samples, recipe("lora"))
    with pytest.raises(SetupError, match="no sample to measure on"):
        train_recipe(nowhere, tmp_path / "out", samples, [], recipe("lora"))
    with monkeypatch.context() as patch:
        patch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(SetupError, match=r"four_bit needs the package bitsandbytes: .* train with the recipe lora"):
            train_recipe(nowhere, tmp_path / "out", samples, samples, recipe("qlora"))
    with pytest.raises(ScoringError):
        train_recipe(nowhere, tmp_path / "out", samples, samples, recipe("lora"))
    assert list(tmp_path.iterdir()) == []
