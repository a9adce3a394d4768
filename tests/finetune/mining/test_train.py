"""Training: what is scored gets better, the same every time, and nothing half-done is left."""

import dataclasses
import hashlib
import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import AutoTokenizer, LlamaForCausalLM

from finetune.errors import ScoringError, SetupError
from finetune.evals.runtime import load
from finetune.evals.tokens import Tokens
from finetune.mining.collate import IGNORED, collate
from finetune.mining.tiny import build_tiny
from finetune.mining.train import Lora, Recipe, rate, train
from finetune.streams.sample import Message, Sample
from finetune.streams.word_sorting import WordSorting
from tests.finetune.evals.models import scores

RECIPE = Recipe(steps=40, batch_size=4, learning_rate=5e-3, warmup_steps=5, sequence_length=256)
ADAPTER = Lora(rank=8, alpha=16.0, dropout=0.1, targets=("up_proj", "down_proj"))
LORA = dataclasses.replace(RECIPE, learning_rate=2e-2, lora=ADAPTER)


def samples(name: str) -> Iterator[Sample]:
    for i in itertools.count():
        yield WordSorting().draw(hashlib.sha256(f"{name} {i}".encode()).digest())


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "base"
    build_tiny(folder, hidden=48, layers=2)
    return folder


@pytest.fixture(scope="module")
def trained(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "trained"
    train(base, out, samples("training"), RECIPE)
    return out


def held_out(folder: Path, over: Path | None = None) -> float:
    """Mean bits per byte on samples that no training here has seen."""
    loaded = load(folder, base=over, dtype="float32", device="cpu")
    figures = scores(loaded, "reference", list(itertools.islice(samples("held out"), 20)), sequence_length=256)
    return sum(figures) / len(figures)


def test_training_lowers_held_out_loss_by_two_bits_per_byte(base: Path, trained: Path):
    assert held_out(trained) < held_out(base) - 2


def test_an_adapter_over_its_base_is_a_fifth_of_a_bit_per_byte_better(base: Path, tmp_path: Path):
    train(base, tmp_path / "adapter", samples("training"), LORA)
    assert held_out(tmp_path / "adapter", base) < held_out(base) - 0.2


@pytest.mark.parametrize("recipe", [RECIPE, LORA], ids=["full", "lora"])
def test_the_same_seed_gives_the_same_weights(base: Path, tmp_path: Path, recipe: Recipe):
    short = dataclasses.replace(recipe, steps=5)
    for name in ("a", "b"):
        train(base, tmp_path / name, samples("training"), short)
    (file,) = (path.name for path in (tmp_path / "a").glob("*.safetensors"))
    assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_another_seed_gives_another_adapter(base: Path, tmp_path: Path):
    for seed in (1, 2):
        train(base, tmp_path / str(seed), samples("training"), dataclasses.replace(LORA, steps=2, seed=seed))
    first, second = (load_file(tmp_path / name / "adapter_model.safetensors") for name in "12")
    assert any((first[key] != second[key]).any() for key in first)


def test_a_full_model_is_written_with_its_tokenizer_and_nothing_else(base: Path, trained: Path):
    assert {path.name for path in trained.iterdir()} == {path.name for path in base.iterdir()}


def test_an_adapter_is_two_files_and_does_not_tell_where_its_base_was(base: Path, tmp_path: Path):
    train(base, tmp_path / "out", samples("training"), dataclasses.replace(LORA, steps=1))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"adapter_config.json", "adapter_model.safetensors"}
    config = (tmp_path / "out" / "adapter_config.json").read_text()
    assert json.loads(config)["base_model_name_or_path"] is None
    assert str(base) not in config


def test_the_first_steps_loss_is_the_figure_of_scoring(trained: Path, tmp_path: Path):
    sample = next(samples("one"))
    recipe = dataclasses.replace(RECIPE, steps=1, batch_size=1)
    result = train(trained, tmp_path / "out", [sample], recipe)
    loaded = load(trained, dtype="float32", device="cpu")
    (figure,) = scores(loaded, "reference", [sample], sequence_length=256)
    # One token a byte: nats per token are bits per byte times ln 2.
    assert result.losses == (pytest.approx(figure * math.log(2), abs=1e-4),)


def test_the_weights_are_those_of_a_plain_loop_with_adamw(base: Path, tmp_path: Path):
    chat = Sample(messages=(Message(role="user", content="abc"),), reference="de", document="d")
    recipe = dataclasses.replace(RECIPE, steps=4, batch_size=1, warmup_steps=2)
    train(base, tmp_path / "out", itertools.repeat(chat), recipe)

    tokenizer = AutoTokenizer.from_pretrained(base)
    ids = torch.tensor([tokenizer("<bos><user>abc<assistant>de")["input_ids"]])
    labels = torch.where(torch.arange(8) < 6, IGNORED, ids)
    model = LlamaForCausalLM.from_pretrained(base)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), weight_decay=0.01)
    for rate_now in (2.5e-3, 5e-3, 5e-3, 2.5e-3):
        optimizer.param_groups[0]["lr"] = rate_now
        optimizer.zero_grad()
        model(ids, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    trained = load_file(tmp_path / "out" / "model.safetensors")
    for name, weight in model.named_parameters():
        torch.testing.assert_close(trained[name], weight.detach(), atol=1e-5, rtol=0)


def test_the_result_tells_losses_tokens_and_seconds(base: Path, tmp_path: Path):
    ticks = iter([10.0, 12.5])
    chat = Sample(messages=(Message(role="user", content="abc"),), reference="de", document="d")
    steps = []
    result = train(
        base,
        tmp_path / "out",
        itertools.repeat(chat),
        dataclasses.replace(RECIPE, steps=3, batch_size=2),
        on_step=lambda *step: steps.append(step),
        clock=lambda: next(ticks),
    )
    assert result.seconds == 2.5
    # <bos> <user> a b c <assistant> d e, six times.
    assert result.tokens == 48
    assert steps == [(i, 3, result.losses[i - 1]) for i in (1, 2, 3)]
    assert result.losses[2] < result.losses[0]


class Stopped(BaseException):
    """What a person's Ctrl-C is, without its meaning for pytest."""


def test_an_interrupted_training_leaves_nothing(base: Path, tmp_path: Path):
    def stop(step: int, steps: int, loss: float) -> None:
        if step == 2:
            raise Stopped

    with pytest.raises(Stopped):
        train(base, tmp_path / "out", samples("training"), RECIPE, on_step=stop)
    assert list(tmp_path.iterdir()) == []


def test_samples_that_do_not_suffice_are_refused(base: Path, tmp_path: Path):
    few = itertools.islice(samples("training"), 10)
    with pytest.raises(SetupError, match="needs 160 samples; they ended in step 3 of 40"):
        train(base, tmp_path / "out", few, RECIPE)
    assert list(tmp_path.iterdir()) == []


def test_a_sample_with_nothing_to_learn_is_refused(base: Path, tmp_path: Path):
    chat = Sample(messages=(Message(role="user", content="x" * 50),), reference="ab", document="long one")
    with pytest.raises(SetupError, match="'long one' begins beyond 30 tokens"):
        train(base, tmp_path / "out", [chat], dataclasses.replace(RECIPE, sequence_length=30))


def test_a_folder_that_is_there_is_refused_before_any_work(base: Path, tmp_path: Path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(SetupError, match="is there already"):
        train(base, tmp_path, samples("training"), RECIPE)
    assert (tmp_path / "mine").read_text() == "x"


def test_a_base_that_is_no_model_is_refused(tmp_path: Path):
    (tmp_path / "base").mkdir()
    with pytest.raises(ScoringError, match="loading"):
        train(tmp_path / "base", tmp_path / "out", samples("training"), RECIPE)
    assert not (tmp_path / "out").exists()


def test_a_layer_that_the_base_lacks_is_refused(base: Path, tmp_path: Path):
    recipe = dataclasses.replace(RECIPE, lora=Lora(targets=("nonsense",)))
    with pytest.raises(SetupError, match=r"the adapter does not fit the base: .*nonsense"):
        train(base, tmp_path / "out", samples("training"), recipe)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": 0}, "steps must be at least 1; found 0"),
        ({"batch_size": 0}, "batch_size must be at least 1; found 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be above 0; found nan"),
        ({"warmup_steps": -1}, "warmup_steps must be at least 0; found -1"),
        ({"sequence_length": 1}, "sequence_length must be at least 2; found 1"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(change: dict[str, float], said: str):
    with pytest.raises(SetupError, match=said):
        dataclasses.replace(RECIPE, **change)


def test_only_reference_tokens_are_labels():
    batch = [
        Tokens(prompt=[1, 2], scored=[3, 4], unscored_bytes=0, total_bytes=2),
        Tokens(prompt=[5], scored=[6], unscored_bytes=0, total_bytes=1),
    ]
    ids, labels = collate(batch)
    assert ids.tolist() == [[1, 2, 3], [5, 0, 0]]
    assert labels.tolist() == [[IGNORED, 3, 4], [6, IGNORED, IGNORED]]


def test_the_learning_rate_rises_in_a_line_and_falls_along_a_cosine():
    recipe = dataclasses.replace(RECIPE, steps=12, warmup_steps=4)
    assert [rate(step, recipe) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert rate(8, recipe) == pytest.approx(0.5)
    assert rate(12, recipe) == pytest.approx(0.0)
    assert rate(0, dataclasses.replace(recipe, warmup_steps=0)) == 1.0


def test_a_model_that_the_disk_refuses_is_one_sentence(base: Path, tmp_path: Path, monkeypatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("transformers.PreTrainedModel.save_pretrained", full)
    with pytest.raises(SetupError, match="No space left"):
        train(base, tmp_path / "out", samples("full"), dataclasses.replace(RECIPE, steps=1))
    assert not list(tmp_path.iterdir())
