"""What the tests of audits share: reports of real validators on small subnets, played once, and the hub they read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.finetune.replay.played import open_warehouse, play_crowded, play_three, play_two
from tests.finetune.validating.subnet import Warehouse

ROUNDS = 6


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Warehouse]:
    with open_warehouse() as opened:
        yield opened


@pytest.fixture(scope="session")
def three(warehouse: Warehouse) -> Path:
    """The folders of north, of east that loses its state before round 5, and of late that comes in round 4."""
    return play_three(warehouse, ROUNDS)


@pytest.fixture(scope="session")
def folders(warehouse: Warehouse, three: Path) -> tuple[Path, ...]:
    """One validator's reports in each, of all kinds of rounds."""
    others = (play_crowded(warehouse, ROUNDS), play_two(warehouse, ROUNDS))
    return (*(three / name for name in ("north", "east", "late")), *others)
