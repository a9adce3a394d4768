"""The files that are shipped: the classic competitions, and the two of the rehearsal."""

from pathlib import Path

import pytest

from competitions.competition import Competition
from competitions.files import read_competition
from competitions.schedule import Catalog, load_catalog

FOLDER = Path(__file__).parents[2] / "competitions"
DAY = 7_200
GIB = 1 << 30


@pytest.fixture(scope="module")
def classic() -> dict[str, Competition]:
    return {one.title: one for one in load_catalog(FOLDER / "catalog").competitions}


@pytest.mark.parametrize(
    ("title", "id", "parameters", "size", "length", "days"),
    [
        ("B7_MULTI_CHOICE", 2, (0, 6_900_000_000), 15 * GIB, 4_096, 5),
        ("INSTRUCT_8B", 3, (0, 8_100_000_000), 20 * GIB, 4_096, 1),
        ("DISTILLED_REASONING_3B", 4, (3_200_000_000, 3_400_000_000), 15 * GIB, 16_384, 3),
    ],
)
def test_a_classic_competition_has_its_known_constraints(
    classic: dict[str, Competition],
    title: str,
    id: int,
    parameters: tuple[int, int],
    size: int,
    length: int,
    days: int,
) -> None:
    one = classic[title]
    rules = one.constraints
    assert one.id == id
    assert (rules.min_parameters, rules.max_parameters) == parameters
    assert (rules.max_bytes, rules.sequence_length) == (size, length)
    assert (one.epsilon.start, one.epsilon.end, one.epsilon.decay_blocks) == (0.05, 0.01, days * DAY)
    assert (rules.lora, rules.tokenizer) == ("no", "any")
    assert one.precision.dtype == "bfloat16"


def test_the_classic_competitions_share_the_reward_at_every_block(classic: dict[str, Competition]) -> None:
    assert len(classic) == 3
    assert sum(one.reward for one in classic.values()) == pytest.approx(1)


@pytest.mark.parametrize("name", ["tiny", "smollm2"])
def test_a_rehearsal_file_loads_and_is_a_catalog_of_its_own(name: str) -> None:
    one = read_competition(FOLDER / "rehearsal" / f"{name}.toml")
    assert Catalog((one,)).turn(0) == one
    assert one.constraints.max_parameters < 1_000_000_000
    assert one.precision.dtype == "float32"
