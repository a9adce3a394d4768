"""What a generated stream teaches is of use later, and only through what it teaches: no seed is known beforehand."""

import hashlib
import math
from pathlib import Path
from statistics import fmean, variance

import pytest

from competitions.seeds import draw_seed
from finetune.evals.reference_loss import reference_loss
from finetune.evals.runtime import load
from finetune.mining.lessons import lesson
from finetune.mining.tiny import build_tiny
from finetune.mining.train import Recipe, train
from finetune.streams.registry import STREAMS, open_stream
from finetune.streams.sample import Sample, Stream

REMOTE = {"hub_text", "hub_chats", "hub_reasoning", "hub_questions", "subnet_feed", "text_lines"}
GENERATED = sorted(STREAMS.keys() - REMOTE)
RECIPE = Recipe(steps=24, batch_size=6, learning_rate=1e-2, warmup_steps=3, sequence_length=1536)
TRAINED, SCORED = RECIPE.steps * RECIPE.batch_size, 60


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("learnable") / "base"
    build_tiny(folder, hidden=48, layers=2)
    return folder


def lessons(stream: Stream, round_seed: str, start: int, count: int) -> list[Sample]:
    """What draws number `start` and following of one round teach, by seeds as a competition makes them."""
    secret = hashlib.sha256(round_seed.encode()).digest()
    return [lesson(stream.draw(draw_seed(secret, 1, "task", start + i))) for i in range(count)]


def losses(folder: Path, samples: list[Sample]) -> list[float]:
    """Bits per byte of each reply."""
    loaded = load(folder, dtype="float32", device="cpu")
    return list(reference_loss(loaded.model, loaded.tokenizer, samples, sequence_length=RECIPE.sequence_length))


@pytest.mark.parametrize("name", GENERATED)
def test_training_on_past_seeds_helps_on_fresh_ones_and_tells_nothing_else_of_past_ones(
    name: str, base: Path, tmp_path: Path
):
    stream = open_stream(name, {})
    train(base, tmp_path / "trained", lessons(stream, "past", 0, TRAINED), RECIPE)
    fresh_lessons = lessons(stream, "fresh", 0, SCORED)
    fresh = losses(tmp_path / "trained", fresh_lessons)
    past = losses(tmp_path / "trained", lessons(stream, "past", TRAINED, SCORED))
    assert fmean(fresh) < 0.8 * fmean(losses(base, fresh_lessons[:20]))
    error = math.sqrt((variance(fresh) + variance(past)) / SCORED)
    assert abs(fmean(fresh) - fmean(past)) < 3 * error
