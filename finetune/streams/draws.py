"""Choices made from a 32-byte seed, the same in every Python for ever.

The standard `random` module promises that for `random()` alone: `choice` and `shuffle` have changed between versions,
and two validators on different versions would then score different samples. So the bits are those of SHA-512 in
counter mode, and the few choices that streams need are built on them here.
"""

import hashlib
import struct
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

SEED_BYTES = 32


class Draws:
    """Independent uniform choices. Block i of the bits is SHA-512(seed || i as 8 bytes, big-endian).

    A block is eight words of 64 bits, big-endian, and every choice takes one of them, the last one first: hashing is
    most of what a choice costs.
    """

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes; this one has {len(seed)}")
        self._seed = seed
        self._blocks = 0
        self._words: list[int] = []

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound` - 1.

        A word w of 64 bits gives floor(w * bound / 2^64). No two numbers differ in probability by more than 2^-64,
        which for the largest bound allowed is one part in 2^16 of it.
        """
        if not 0 < bound < 2**48:
            raise ValueError(f"a bound lies between 1 and 2^48 - 1; found {bound}")
        if not self._words:
            block = hashlib.sha512(self._seed + self._blocks.to_bytes(8, "big")).digest()
            self._blocks += 1
            self._words = list(struct.unpack(">8Q", block))
        return self._words.pop() * bound >> 64

    def choice(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def distinct(self, options: Sequence[T], count: int) -> list[T]:
        """`count` different options in random order (the first steps of a Fisher-Yates shuffle)."""
        if count > len(options):
            raise ValueError(f"{count} different ones of {len(options)} cannot be drawn")
        pool = list(options)
        for i in range(count):
            j = i + self.below(len(pool) - i)
            pool[i], pool[j] = pool[j], pool[i]
        return pool[:count]
