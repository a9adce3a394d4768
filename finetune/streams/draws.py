"""Choices made from a 32-byte seed, the same in every Python for ever.

The standard `random` module promises that for `random()` alone: `choice` and `shuffle` have changed between versions,
and two validators on different versions would then score different samples. So the bits are those of SHA-256 in
counter mode, and the few choices that streams need are built on them here.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

SEED_BYTES = 32


class Draws:
    """Independent uniform choices. Block i of the bits is SHA-256(seed || i as 8 bytes, big-endian)."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes; this one has {len(seed)}")
        self._seed = seed
        self._counter = 0

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound` - 1.

        A whole block is reduced modulo `bound`: with 256 bits and a bound under 2^64 no number is likelier than
        another by more than 2^-192.
        """
        if not 0 < bound < 2**64:
            raise ValueError(f"a bound lies between 1 and 2^64 - 1; found {bound}")
        block = hashlib.sha256(self._seed + self._counter.to_bytes(8, "big")).digest()
        self._counter += 1
        return int.from_bytes(block, "big") % bound

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
