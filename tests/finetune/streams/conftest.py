"""One hub of datasets for all tests of remote streams, one reader of their files, and machines that use both."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from finetune.isolation.trial import find_level
from finetune.streams.parquet_reader import ParquetReader
from tests.finetune.hub.datasets import DatasetHub, dataset_hub
from tests.finetune.streams.remote import Machine, machine

_numbers = itertools.count()


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatasetHub]:
    with dataset_hub(tmp_path_factory.mktemp("datasets")) as running:
        yield running


@pytest.fixture(scope="session")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all machines keep their caches, so that one reader can read them."""
    return tmp_path_factory.mktemp("machines")


@pytest.fixture(scope="session")
def reader(machines: Path) -> Iterator[ParquetReader]:
    with ParquetReader(machines, level=find_level(unsafe=True)) as running:
        yield running


@pytest.fixture
def new_machine(hub: DatasetHub, machines: Path, reader: ParquetReader) -> Iterator[Callable[..., Machine]]:
    """Makes machines, each with a cache of its own; they read the hub, or `datasets`."""
    with ExitStack() as stack:

        def make(datasets: object = None, quota: int = 10**8) -> Machine:
            folder = machines / str(next(_numbers))
            return stack.enter_context(machine(folder, datasets or hub.reader(), reader, quota=quota))

        yield make
