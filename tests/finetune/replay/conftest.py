"""What the tests of replays share: reports of real validators on two small subnets, played once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from finetune.board.record import Account
from finetune.replay.reports import read_reports
from tests.finetune.replay.played import open_warehouse, play_three, play_two
from tests.finetune.validating.subnet import Warehouse

ROUNDS = 6


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Warehouse]:
    with open_warehouse() as opened:
        yield opened


@pytest.fixture(scope="session")
def three(warehouse: Warehouse) -> Path:
    return play_three(warehouse, ROUNDS)


@pytest.fixture(scope="session")
def north(three: Path) -> tuple[Account, ...]:
    """The rounds of the validator that played all of them."""
    return read_reports(three / "north")


@pytest.fixture(scope="session")
def two(warehouse: Warehouse) -> tuple[Account, ...]:
    return read_reports(play_two(warehouse, ROUNDS))
