"""What the tests of generated streams share: seeds, a digest of samples, and how often two sets of seeds meet."""

import hashlib
import json
from collections.abc import Iterable

from finetune.streams.sample import AnySample, Stream, as_plain


def seeds(count: int, *, start: int = 0) -> list[bytes]:
    """`count` seeds of 32 bytes: those numbered `start` to `start` + `count` - 1."""
    return [hashlib.sha256(str(i).encode()).digest() for i in range(start, start + count)]


def digest(samples: Iterable[AnySample]) -> str:
    """SHA-256, as hex, over the samples as JSON with sorted keys, one a line."""
    lines = (json.dumps(as_plain(sample), sort_keys=True) for sample in samples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def shared(stream: Stream, count: int = 10_000) -> float:
    """The share of `count` samples whose text or document `count` other seeds gave as well.

    Two samples that differ in their documents alone have the same text.
    """
    texts, documents, met = set(), set(), 0
    for i, seed in enumerate(seeds(2 * count)):
        sample = stream.draw(seed)
        text = json.dumps({**as_plain(sample), "document": None}, sort_keys=True)
        if i < count:
            texts.add(text)
            documents.add(sample.document)
        else:
            met += text in texts or sample.document in documents
    return met / count
