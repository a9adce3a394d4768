"""What the tests of the simulation share: the default rules in small rounds."""

from dataclasses import replace
from pathlib import Path

import pytest

from competitions.competition import Competition
from competitions.files import read_competition
from finetune.simulation.setting import Setting

CATALOG = Path(__file__).parents[3] / "competitions" / "catalog"


@pytest.fixture(scope="session")
def competition() -> Competition:
    """A catalog's competition: rounds of 240 batches, epsilon from 5% to 1% in 20 rounds, alpha 1e-4."""
    return read_competition(CATALOG / "instruct_8b.toml")


@pytest.fixture(scope="session")
def setting(competition: Competition) -> Setting:
    return Setting(competition=competition)


@pytest.fixture(scope="session")
def small(competition: Competition) -> Setting:
    """Rounds of 20 batches."""
    return Setting(competition=replace(competition, round=replace(competition.round, batches=20)))


def silent(doing: str, units: int) -> None:
    """Progress that nobody sees."""
