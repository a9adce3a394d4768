"""What the tests of generated streams share: seeds, a digest of samples, and how often two sets of seeds meet."""

import hashlib
import json
from collections.abc import Iterable

from finetune.streams.sample import AnySample, Stream, as_plain


def seeds(count: int, *, start: int = 0) -> list[bytes]:
    """`count` seeds of 32 bytes: those numbered `start` to `start` + `count` - 1."""
    return [hashlib.sha256(str(i).encode()).digest() for i in range(start, start + count)]


def text(sample: AnySample) -> str:
    """The sample as one line of JSON with sorted keys."""
    return json.dumps(as_plain(sample), sort_keys=True)


def digest(samples: Iterable[AnySample]) -> str:
    """SHA-256, as hex, over the samples' JSON, one a line."""
    return hashlib.sha256("\n".join(text(sample) for sample in samples).encode()).hexdigest()


def shared(stream: Stream, count: int = 10_000) -> float:
    """The share of `count` samples, or of their documents if that is more, that `count` other seeds drew as well."""
    first, second = ([stream.draw(seed) for seed in seeds(count, start=start)] for start in (0, count))
    texts = {text(sample) for sample in first}
    documents = {sample.document for sample in first}
    same_texts = sum(text(sample) in texts for sample in second)
    same_documents = sum(sample.document in documents for sample in second)
    return max(same_texts, same_documents) / count
