"""Wires what remote streams are given: the hub's datasets, other subnets' feeds, and where both are kept."""

from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finetune.isolation.level import Level
    from finetune.streams.sources import Sources


def open_sources(options: Namespace, level: "Level", held: ExitStack, say: Callable[[str], None]) -> "Sources":
    """The sources of a process, closed with `held`. Datasets get a tenth of the quota. Raises `SetupError`."""
    from finetune.chain.connect import stakes_on
    from finetune.hub.client import HubClient
    from finetune.hub.dataset_cache import DatasetCache
    from finetune.streams.feed.access import FeedAccess
    from finetune.streams.parquet_reader import ParquetReader
    from finetune.streams.sources import Sources

    cache = held.enter_context(DatasetCache(options.model_dir / "datasets", options.quota_gb * 10**8))
    return Sources(
        datasets=HubClient(options.hf_endpoint, options.hf_token, kind="dataset"),
        cache=cache,
        say=say,
        reader=held.enter_context(ParquetReader(cache.folder, level=level)),
        feeds=FeedAccess(stakes=stakes_on(options.network), folder=options.model_dir / "feeds"),
    )
