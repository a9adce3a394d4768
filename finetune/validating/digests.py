"""What names samples in a report: a digest of each, and one over all, which tells whether two rounds drew the same."""

import hashlib
import json
from collections.abc import Iterable, Sequence

from finetune.streams.drawing import TaskSample
from finetune.streams.sample import as_plain

DIGEST_BYTES = 8  # of each sample's SHA-256: a report names samples, and anybody can draw them again


def sample_digests(samples: Iterable[TaskSample]) -> tuple[str, ...]:
    """The first 8 bytes of the SHA-256 over each sample and its task's name, in hex, in the order of scoring."""
    return tuple(_digest(one) for one in samples)


def digest_over(digests: Sequence[str]) -> str:
    """SHA-256 over all samples' digests in order, in hex."""
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _digest(one: TaskSample) -> str:
    plain = json.dumps([one.task.name, as_plain(one.sample)], sort_keys=True)
    return hashlib.sha256(plain.encode()).digest()[:DIGEST_BYTES].hex()
