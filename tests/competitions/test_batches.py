from dataclasses import replace
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.batches import batch_losses, plan, sample_loss
from competitions.competition import Competition, Task
from competitions.files import read_competition

SHIPPED = sorted((Path(__file__).parents[2] / "competitions").glob("*/*.toml"))


def weighing(tiny: Competition, weights: list[float], batches: int) -> Competition:
    """The tiny competition with tasks A, B, C and so on of these weights."""
    tasks = (Task(name=chr(65 + n), method="text", stream="s", weight=one) for n, one in enumerate(weights))
    return replace(tiny, tasks=tuple(tasks), round=replace(tiny.round, batches=batches))


def furthest_off(competition: Competition) -> float:
    """The most, in batches, by which any task is off its share after any first part of a round."""
    order = plan(competition)
    after = np.arange(1, len(order) + 1)
    off = [np.cumsum([one is task for one in order]) - task.weight * after for task in competition.tasks]
    return float(np.abs(off).max())


@pytest.mark.parametrize(
    ("weights", "batches", "order"),
    [
        ([0.5, 0.3, 0.2], 10, "ABCAABACBA"),
        ([1.0], 3, "AAA"),
        ([0.5, 0.5], 5, "ABABA"),
        ([0.2, 0.8], 5, "BBABB"),
    ],
)
def test_tasks_take_turns_by_weight_and_ties_go_to_the_earlier(
    tiny: Competition, weights: list[float], batches: int, order: str
) -> None:
    assert "".join(task.name for task in plan(weighing(tiny, weights, batches))) == order


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_any_first_part_of_a_shipped_round_is_within_one_batch_of_the_weights(path: Path) -> None:
    assert furthest_off(read_competition(path)) < 1


@given(parts=st.lists(st.integers(1, 100), min_size=1, max_size=3))
def test_any_first_part_of_a_round_of_three_tasks_is_within_one_batch_of_the_weights(
    tiny: Competition, parts: list[int]
) -> None:
    weights = [part / sum(parts) for part in parts]
    assert furthest_off(weighing(tiny, weights, 200)) < 1


@given(parts=st.lists(st.integers(1, 100), min_size=4, max_size=8))
def test_any_first_part_of_a_round_of_many_tasks_is_within_one_and_a_quarter(
    tiny: Competition, parts: list[int]
) -> None:
    weights = [part / sum(parts) for part in parts]
    assert furthest_off(weighing(tiny, weights, 200)) < 1.25


@pytest.mark.parametrize(
    ("loss", "counted"),
    [(None, 8), (nan, 8), (inf, 8), (-inf, 8), (9, 8), (8, 8), (-1, 0), (0, 0), (2.5, 2.5), (np.float32(nan), 8)],
)
def test_a_loss_that_is_missing_no_number_or_out_of_range_is_brought_within_zero_and_the_worst(
    loss: float | None, counted: float
) -> None:
    assert sample_loss(loss, 8) == counted


def test_a_batch_is_the_mean_of_samples_side_by_side_and_an_unfinished_one_does_not_count() -> None:
    assert batch_losses([1, 3, 5, 5, 9], 2).tolist() == [2, 5]
    assert batch_losses([1, 3], 1).tolist() == [1, 3]
    assert batch_losses([1], 2).shape == (0,)
    assert batch_losses([], 2).shape == (0,)
