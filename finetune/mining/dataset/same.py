"""Which samples are the same: their texts agree but for white space."""

import hashlib
import json
from typing import Any

from finetune.streams.sample import AnySample, as_plain


def same_text(text: str) -> str:
    """The text with single spaces. Case and punctuation stay: in code they mean much."""
    # Unicode's own normal forms take time that grows with the square of a run of combining marks.
    return " ".join(text.split())


def digest(sample: AnySample) -> bytes:
    """The SHA-256 of a sample's texts as `same_text` has them, each in its place. Its document does not count."""
    plain = as_plain(sample)
    del plain["document"]
    return hashlib.sha256(json.dumps(_same(plain)).encode()).digest()


def _same(value: Any) -> Any:
    if isinstance(value, str):
        return same_text(value)
    if isinstance(value, dict):
        return {key: _same(inner) for key, inner in value.items()}
    return [_same(inner) for inner in value] if isinstance(value, list | tuple) else value
