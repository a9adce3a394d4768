"""What a rehearsal's validator reads a task creator's files with: the hub as a stranger sees it, a cache, a reader."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from finetune.hub.client import HubClient
from finetune.hub.dataset_cache import DatasetCache
from finetune.isolation.trial import find_level
from finetune.rehearsal.world import World
from finetune.streams.parquet_reader import ParquetReader
from finetune.streams.sources import Sources

_CACHE_BYTES = 100_000_000


def open_sources(world: World, folder: Path, held: ExitStack, say: Callable[[str], None]) -> Sources:
    """The sources of a validator with this folder, closed with `held`. Raises `SetupError`."""
    cache = held.enter_context(DatasetCache(folder / "datasets", _CACHE_BYTES))
    return Sources(
        datasets=HubClient(world.endpoint, None, kind="dataset"),
        cache=cache,
        say=say,
        # The files are the rehearsal's own, so that walls are welcome and not needed.
        reader=held.enter_context(ParquetReader(cache.folder, level=find_level(unsafe=True))),
    )
