from fractions import Fraction
from functools import cache
from math import factorial, log2

import numpy as np
import numpy.typing as npt
import pytest

from competitions.evidence import ahead, behind, evidence

ALPHA, STOP_ALPHA = 1e-4, 0.01


@cache
def wins_needed(alpha: float, most: int) -> npt.NDArray[np.int64]:
    """The fewest wins of n batches with which a challenger is ahead, for n of 0 to `most`; most + 1 where none do."""
    enough = []
    for n in range(most + 1):
        wins = n // 2
        while wins <= n and not ahead(wins, n - wins, alpha):
            wins += 1
        enough.append(wins if wins <= n else most + 1)
    return np.array(enough)


def first_ahead(chance: float, alpha: float, most: int) -> npt.NDArray[np.float64]:
    """The exact chance that a challenger is ahead for the first time after batch 1, 2, ..., `most`."""
    enough = wins_needed(alpha, most)
    reached = np.zeros(most + 2)
    reached[0] = 1
    first = np.empty(most)
    for n in range(1, most + 1):
        reached[1:] = reached[1:] * (1 - chance) + reached[:-1] * chance
        reached[0] *= 1 - chance
        first[n - 1] = reached[enough[n] :].sum()
        reached[enough[n] :] = 0
    return first


@pytest.mark.parametrize(
    ("wins", "losses", "expected"), [(0, 0, 1), (1, 0, 1), (3, 1, 0.8), (18, 0, 2**18 / 19), (11, 0, 2**11 / 12)]
)
def test_the_worked_examples_hold(wins: int, losses: int, expected: float) -> None:
    assert 2 ** evidence(wins, losses) == pytest.approx(expected, rel=1e-9)


def test_evidence_is_two_to_the_n_times_the_beta_function() -> None:
    for wins in range(60):
        for losses in range(60):
            n = wins + losses
            exact = Fraction(2**n * factorial(wins) * factorial(losses), factorial(n + 1))
            assert evidence(wins, losses) == pytest.approx(log2(exact), abs=1e-9)
            assert evidence(wins, losses) == evidence(losses, wins)


def test_evidence_of_a_whole_season_is_a_finite_number() -> None:
    assert np.isfinite(evidence(200_000, 0))
    assert ahead(200_000, 100_000, ALPHA)


def test_nobody_is_ahead_without_more_wins_than_losses() -> None:
    assert not ahead(0, 0, 0.5)
    assert not ahead(50, 50, 0.5)
    assert not ahead(0, 1_000, ALPHA)
    assert behind(0, 1_000, ALPHA)
    assert not behind(1_000, 0, ALPHA)


def test_18_wins_in_a_row_are_enough_and_17_are_not() -> None:
    assert ahead(18, 0, ALPHA)
    assert not ahead(17, 0, ALPHA)


def test_11_losses_in_a_row_stop_and_10_do_not() -> None:
    assert behind(0, 11, STOP_ALPHA)
    assert not behind(0, 10, STOP_ALPHA)


@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_of_10_000_fair_coins_watched_for_500_batches_at_most_half_of_alpha_ever_look_ahead(alpha: float) -> None:
    runs, batches = 10_000, 500
    flips = np.random.default_rng(7).integers(0, 2, (runs, batches), dtype=np.int16)
    crossed = (flips.cumsum(axis=1, dtype=np.int16) >= wins_needed(alpha, batches)[1:]).any(axis=1).mean()
    sampling_error = np.sqrt(alpha / 2 * (1 - alpha / 2) / runs)
    # Above a quarter of the bound as well: a rule that never lets anyone ahead would keep the bound too.
    assert alpha / 8 < crossed <= alpha / 2 + 3 * sampling_error


@pytest.mark.parametrize("alpha", [0.05, ALPHA])
@pytest.mark.parametrize("chance", [0.5, 0.49, 0.4])
def test_who_wins_at_most_half_is_ever_ahead_with_a_chance_of_at_most_half_of_alpha(
    chance: float, alpha: float
) -> None:
    assert first_ahead(chance, alpha, 2_000).sum() <= alpha / 2


@pytest.mark.parametrize(("chance", "batches"), [(0.6, 545), (0.8, 50)])
def test_a_better_challenger_is_ahead_after_about_as_many_batches_as_miners_are_told(
    chance: float, batches: int
) -> None:
    median = int(np.searchsorted(first_ahead(chance, ALPHA, 2_000).cumsum(), 0.5)) + 1
    assert median == pytest.approx(batches, rel=0.1)
