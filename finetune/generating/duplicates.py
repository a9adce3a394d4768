"""Duplicates: whether nearly the same text has been seen. Memory is bounded, and the answer is the same everywhere.

MinHash: of the set of a text's 5-letter shingles, the least value under each of 60 hash functions. Two texts agree in
one place of that sketch with a chance that is the Jaccard similarity of their sets (Broder, 1997). Sketches are found
again by 12 bands of 5 places each: texts of similarity 0.8 share a band with a chance of 1 - (1 - 0.8^5)^12 = 0.99,
unlike ones of 0.3 with a chance of 0.03, and those are then compared in full.
"""

import hashlib
import unicodedata
from collections import deque

import numpy as np
from numpy.typing import NDArray

SIMILAR = 0.8  # Jaccard similarity from which two texts are duplicates
MOST_TEXTS = 100_000  # that are remembered: about 200 MB
_SHINGLE = 5  # letters
_BANDS, _PLACES = 12, 5
_LONGEST = 20_000  # letters that are looked at

# One multiplication and addition modulo 2^64 makes each hash function; the numbers are those of SHA-256.
_NUMBERS = np.frombuffer(
    b"".join(hashlib.sha256(f"minhash {i}".encode()).digest()[:16] for i in range(_BANDS * _PLACES)), dtype="<u8"
).reshape(-1, 2)
_FACTORS, _OFFSETS = _NUMBERS[:, 0] | np.uint64(1), _NUMBERS[:, 1]


def normalise(text: str) -> str:
    """The text's words in small letters with single spaces: case, punctuation and typography count for nothing."""
    letters = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(letter if letter.isalnum() else " " for letter in letters).split())


class Seen:
    """Remembers the last texts, and finds those that equal or nearly equal one of them."""

    def __init__(self, most: int = MOST_TEXTS) -> None:
        self._most = most
        self._bands: dict[tuple[int, bytes], int] = {}
        self._sketches: dict[int, NDArray[np.uint64]] = {}
        self._order: deque[int] = deque()
        self._next = 0

    def add(self, text: str) -> bool:
        """Remember the text unless it is a duplicate; returns whether it was new."""
        sketch = _sketch(text)
        keys = [(band, sketch[band * _PLACES : (band + 1) * _PLACES].tobytes()) for band in range(_BANDS)]
        for other in {self._bands[key] for key in keys if key in self._bands}:
            if other in self._sketches and float(np.mean(self._sketches[other] == sketch)) >= SIMILAR:
                return False
        self._sketches[self._next] = sketch
        self._order.append(self._next)
        self._bands.update(dict.fromkeys(keys, self._next))
        self._next += 1
        if len(self._order) > self._most:
            self._forget(self._order.popleft())
        return True

    def _forget(self, number: int) -> None:
        sketch = self._sketches.pop(number)
        for band in range(_BANDS):
            key = (band, sketch[band * _PLACES : (band + 1) * _PLACES].tobytes())
            if self._bands.get(key) == number:
                del self._bands[key]


def _sketch(text: str) -> NDArray[np.uint64]:
    """The 60 least values. Equal texts have equal sketches."""
    words = normalise(text)[:_LONGEST] or text[:_LONGEST]
    shingles = sorted({words[i : i + _SHINGLE] for i in range(max(1, len(words) - _SHINGLE + 1))})
    hashes = [hashlib.blake2b(one.encode(errors="replace"), digest_size=8).digest() for one in shingles]
    values = np.frombuffer(b"".join(hashes), dtype="<u8")
    mixed = values[None, :] * _FACTORS[:, None] + _OFFSETS[:, None]
    # The low bits of a product depend on low bits alone; folding the high ones in makes every bit count.
    least: NDArray[np.uint64] = np.min(mixed ^ (mixed >> np.uint64(32)), axis=1)
    return least
