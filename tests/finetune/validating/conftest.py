"""What the tests of validators share: one hub with small models on it, and a subnet of its own for each test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from competitions.competition import Competition
from competitions.schedule import Catalog
from finetune.hub.server import LocalHub
from tests.finetune.hub.flaky import FlakyHub
from tests.finetune.validating.subnet import Subnet, Warehouse, make_competition

MEMORY = Path("/dev/shm")
ROOM = 1_000_000_000  # bytes; caches keep a quarter of that free


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder in memory where this machine has one: validators wait for the disk thousands of times in these tests."""
    fits = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    with TemporaryDirectory(dir=MEMORY if fits else None) as folder:
        yield Path(folder)


@pytest.fixture
def tmp_path(memory: Path) -> Iterator[Path]:
    with TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def warehouse(memory: Path) -> Iterator[Warehouse]:
    """A running hub; models that tests only read are uploaded once."""
    root = memory / "warehouse"
    root.mkdir()
    tokens = {user: Warehouse.token(user) for user in Warehouse.USERS}
    with LocalHub(root / "hub", tokens) as hub:
        yield Warehouse(root, hub)


@pytest.fixture(scope="session")
def competition(warehouse: Warehouse) -> Competition:
    return make_competition(warehouse)


@pytest.fixture
def open_subnet(tmp_path: Path, warehouse: Warehouse) -> Iterator[Callable[..., Subnet]]:
    """Opens a subnet that runs the given competitions, on a chain with the given settings."""
    opened = []

    def make(*competitions: Competition, **options: Any) -> Subnet:
        opened.append(Subnet(tmp_path / f"subnet-{len(opened)}", warehouse, Catalog(competitions), **options))
        return opened[-1]

    yield make
    for subnet in opened:
        subnet.close()


@pytest.fixture
def subnet(open_subnet: Callable[..., Subnet], competition: Competition) -> Subnet:
    """A subnet of one competition, at block 0."""
    return open_subnet(competition)


@pytest.fixture
def flaky(warehouse: Warehouse) -> Iterator[FlakyHub]:
    """The hub behind a line that a test may spoil."""
    with FlakyHub(warehouse.endpoint) as running:
        yield running
