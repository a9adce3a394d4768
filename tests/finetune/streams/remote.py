"""What the tests of remote streams share: machines that read a local hub's datasets, and the rounds they play."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from finetune.hub.dataset_cache import DatasetCache
from finetune.hub.port import Datasets
from finetune.streams.parquet_reader import ParquetReader
from finetune.streams.sources import Sources, Window

ROUND = Window(start=1000.0, end=2000.0)


def seed(number: int) -> bytes:
    """The seed of a draw."""
    return hashlib.sha256(str(number).encode()).digest()


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A machine's own cache, and what it was told."""

    sources: Sources
    said: list[str]


@contextmanager
def machine(folder: Path, datasets: Datasets, reader: ParquetReader, *, quota: int = 10**8) -> Iterator[Machine]:
    """A machine with its cache in `folder`."""
    said: list[str] = []
    with DatasetCache(folder, quota) as cache:
        yield Machine(sources=Sources(datasets=datasets, cache=cache, reader=reader, say=said.append), said=said)
