"""What remote streams are given: the time that a round may draw from, and the means to fetch. It knows no stream."""

from collections.abc import Callable
from dataclasses import dataclass

from finetune.hub.dataset_cache import DatasetCache
from finetune.hub.port import Datasets
from finetune.streams.feed.access import FeedAccess
from finetune.streams.parquet_reader import ParquetReader


@dataclass(frozen=True, kw_only=True)
class Window:
    """The time that a round may draw from, in Unix seconds.

    A source counts as it stood just before `end`, the sync block's time; where a stream asks for fresh data, only what
    was published after `start` does, a time at which every submission of the round was committed already. `block` is
    the sync block: what other subnets held at it counts.
    """

    start: float
    end: float
    block: int = 0


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The means to fetch: the hub's datasets, the cache of what was fetched, and who is told of it, a line at a time.

    `reader` reads the cache's files, and `feeds` are the means to read what other subnets publish, where a program has
    them.
    """

    datasets: Datasets
    cache: DatasetCache
    say: Callable[[str], None]
    reader: ParquetReader | None = None
    feeds: FeedAccess | None = None
