"""The two classic rules, by hand."""

import numpy as np
import pytest

from competitions.epsilon import Epsilon
from finetune.simulation.classic import win_rates, winner_by_aggregate, winner_by_batches

EPSILON = Epsilon(start=0.1, end=0.02, decay_blocks=100)


def test_the_earlier_model_is_helped_by_the_epsilon_of_its_own_age() -> None:
    losses = np.array([[1.0], [0.95], [0.89]])
    # At block 50 the first has an epsilon of 6%: it beats 0.95 and not 0.89; the second, new, has 10%.
    assert win_rates(losses, (0, 50, 60), EPSILON, 50).tolist() == [0.5, 0.5, 0.5]
    # At block 1000 both have 2% left.
    assert win_rates(losses, (0, 50, 60), EPSILON, 1_000).tolist() == [0.0, 0.5, 1.0]


def test_equal_commits_have_no_handicap_and_a_tie_is_won_by_nobody() -> None:
    assert win_rates(np.array([[1.0, 1.0], [1.0, 0.99]]), (7, 7), EPSILON, 7).tolist() == [0.0, 0.5]


def test_one_bad_batch_decides_the_aggregate_and_not_the_batches() -> None:
    losses = np.array([[1.0, 1.0, 1.0], [0.5, 0.5, 4.0]])
    assert winner_by_aggregate(losses, (0, 1), EPSILON, 1_000) == 0
    assert winner_by_batches(losses, (0, 1), EPSILON, 1_000) == 1


def test_copies_of_the_champion_help_it_where_every_batch_is_a_match() -> None:
    better = [0.9, 0.9, 1.1]  # wins two batches of three
    alone = np.array([[1.0, 1.0, 1.0], better])
    assert winner_by_batches(alone, (0, 1), EPSILON, 1_000) == 1
    copied = np.array([[1.0, 1.0, 1.0], better, [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    assert winner_by_batches(copied, (0, 1, 2, 3), EPSILON, 1_000) == 0


@pytest.mark.parametrize("rule", [winner_by_aggregate, winner_by_batches])
def test_many_rounds_at_once_are_the_same_as_one_by_one(rule) -> None:
    losses = np.random.default_rng(1).uniform(0.9, 1.0, (6, 4, 9))
    blocks = (0, 10, 20, 30)
    assert rule(losses, blocks, EPSILON, 60).tolist() == [int(rule(one, blocks, EPSILON, 60)) for one in losses]
