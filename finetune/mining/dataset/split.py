"""Training and held-out data, by document. It knows no file."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from finetune.errors import SetupError
from finetune.streams.sample import AnySample


@dataclass(frozen=True, kw_only=True)
class Split:
    """Samples to train on, and samples to measure on. No document is on both sides."""

    train: tuple[AnySample, ...]
    held_out: tuple[AnySample, ...]


def split(samples: Iterable[AnySample], *, held_out: float, seed: int) -> Split:
    """Hold out a share of the documents, each on its own: lines that are added move no other to the other side.

    A document is held out where SHA-256 of seed and document, as a number from 0 to 1, is below `held_out`. A larger
    share only adds to it. Raises `SetupError` for a share that is not from 0 to below 1.
    """
    if not 0 <= held_out < 1:
        raise SetupError(f"held_out must be from 0 to below 1; found {held_out}")
    sides: tuple[list[AnySample], list[AnySample]] = ([], [])
    for sample in samples:
        sides[_place(seed, sample.document) < held_out].append(sample)
    return Split(train=tuple(sides[0]), held_out=tuple(sides[1]))


def _place(seed: int, document: str) -> float:
    return int.from_bytes(hashlib.sha256(f"{seed} {document}".encode()).digest()[:8], "big") / 2**64
