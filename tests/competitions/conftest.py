"""What the tests of the rules share: one real competition, and property tests that draw the same examples each time."""

from pathlib import Path

import pytest
from hypothesis import settings

from competitions.competition import Competition
from competitions.files import read_competition

settings.register_profile("rules", derandomize=True, deadline=None)
settings.load_profile("rules")


@pytest.fixture(scope="session")
def tiny() -> Competition:
    """The rehearsal's competition: epsilon falls from 5% to 1% in 200 blocks, floor 0.001, alpha 1e-4."""
    return read_competition(Path(__file__).parents[2] / "competitions" / "rehearsal" / "tiny.toml")
