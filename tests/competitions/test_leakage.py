"""The leakage meter: who knows the samples of the past is seen, and who does not is not suspected."""

import numpy as np
import pytest

from competitions.leakage import PAST_SAMPLES, Leakage, leakage


def test_the_worked_example() -> None:
    found = leakage({"A": np.array([2.0, 4.0])}, {"A": np.array([1.0, 3.0])})
    assert found == Leakage(fresh=3.0, past=2.0, error=pytest.approx(2**0.5))


def test_tasks_count_alike_on_both_sides() -> None:
    """A past with more of a hard task is no sign of anything."""
    easy, hard = np.full(90, 1.0), np.full(10, 5.0)
    found = leakage({"EASY": easy, "HARD": hard}, {"EASY": np.full(10, 1.0), "HARD": np.full(10, 5.0)})
    assert found is not None
    assert found.fresh == found.past == 3.0
    assert found.excess == 0.0


def test_a_task_that_was_not_scored_on_both_sides_is_left_out() -> None:
    two = np.array([1.0, 2.0])
    assert leakage({"A": two}, {"B": two}) is None
    assert leakage({"A": two}, {"A": two[:1]}) is None
    assert leakage({}, {}) is None
    both = leakage({"A": two, "B": two * 9}, {"A": two})
    assert both is not None
    assert both.fresh == 1.5


@pytest.mark.parametrize("seed", range(20))
def test_an_honest_model_is_within_luck_and_one_that_remembers_is_far_outside(seed: int) -> None:
    draws = np.random.default_rng(seed)
    fresh, past = (np.exp(draws.normal(0, 0.3, count)) for count in (960, PAST_SAMPLES))
    honest = leakage({"A": fresh}, {"A": past})
    remembers = leakage({"A": fresh}, {"A": past * 0.7})
    assert honest is not None
    assert remembers is not None
    assert abs(honest.excess) < 4
    assert remembers.excess > 4
