"""The held-out measure: the loss that a validator would find, by the engine that scores submissions."""

import random
from collections.abc import Sequence

from finetune.evals.runtime import Loaded, losses
from finetune.mining.lessons import lesson
from finetune.streams.sample import AnySample, ChoiceSample, InstructionSample, PreferenceSample


def chosen(samples: Sequence[AnySample], most: int, seed: int) -> list[AnySample]:
    """At most so many of the samples, the same for the same seed."""
    return random.Random(seed).sample(samples, most) if len(samples) > most else list(samples)


def measure(loaded: Loaded, samples: Sequence[AnySample], *, sequence_length: int) -> list[float]:
    """The loss of each sample: of a text or a reply in bits per byte, of questions and pairs in bits.

    A request with rules is measured by the bits per byte of a reply that keeps them: writing replies would take longer
    than the training. Raises `ScoringError`.
    """
    items = [_item(sample) for sample in samples]
    was_training = loaded.model.training
    loaded.model.eval()
    try:
        return list(losses(loaded, items, sequence_length=sequence_length))
    finally:
        loaded.model.train(was_training)


def unit(samples: Sequence[AnySample]) -> str:
    """What the mean loss of these samples is counted in."""
    return "bits" if any(isinstance(one, ChoiceSample | PreferenceSample) for one in samples) else "bits per byte"


def _item(sample: AnySample) -> tuple[str, AnySample]:
    """The method that scores a sample of its kind, and what it is given."""
    if isinstance(sample, ChoiceSample):
        return "multiple_choice", sample
    if isinstance(sample, PreferenceSample):
        return "preference", sample
    return "reference", lesson(sample) if isinstance(sample, InstructionSample) else sample
