"""The held-out measure: the loss that a validator would find, by the engine that scores submissions."""

import gc
import random
from collections.abc import Sequence
from pathlib import Path

from finetune.errors import ModelRejected
from finetune.evals.runtime import DType, Loaded, load, losses
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


def loss_of_files(
    folder: Path, base: Path | None, *, samples: Sequence[AnySample], sequence_length: int, dtype: DType, device: str
) -> float:
    """The mean loss of the full model in `folder`, or with `base` of the adapter in `folder` over the model in `base`.

    On the CPU where the device's memory is too small: a base that was trained in four bits may need eight times as
    much here. Raises `ScoringError`.
    """
    import torch

    # What was trained before this may have left the program, but not yet the memory.
    gc.collect()
    torch.cuda.empty_cache()
    try:
        loaded = load(folder, base=base, dtype=dtype, device=device)
        found = measure(loaded, samples, sequence_length=sequence_length)
        return sum(found) / len(found)
    except ModelRejected as rejected:
        if rejected.rejection.reason != "out_of_memory" or device == "cpu":
            raise
    return loss_of_files(folder, base, samples=samples, sequence_length=sequence_length, dtype=dtype, device="cpu")


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
