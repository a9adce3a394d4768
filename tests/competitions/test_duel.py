from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from competitions.batches import Losses
from competitions.duel import Tally, counted, outcomes, tally

FLOOR = 0.001
EPSILONS = st.floats(0, 0.5)
FLOORS = st.sampled_from([0.0, FLOOR, 0.5])
# A coarse grid beside free floats, so that equal losses happen; 1e-12 and 0 try the floor.
LOSS = st.one_of(st.sampled_from([0.0, 1e-12, 0.001, 0.5, 1.0, 1.01, 8.0]), st.floats(0, 8))
BATCHES = st.integers(0, 30)
LOSSES = arrays.arrays(np.float64, BATCHES, elements=LOSS)
PAIRS = BATCHES.flatmap(lambda n: st.tuples(*(arrays.arrays(np.float64, n, elements=LOSS) for _ in range(2))))


@pytest.mark.parametrize(
    ("loss", "epsilon", "counts"),
    [
        (1.0, 0.02, 0.98),
        (0.01, 0.02, 0.009),
        (0.05, 0.02, 0.049),
        (8.0, 0.0, 7.999),
        (0.0, 0.05, -0.001),
        (inf, 0.5, inf),
    ],
)
def test_the_champions_loss_counts_with_epsilon_or_the_floor_whichever_is_more(
    loss: float, epsilon: float, counts: float
) -> None:
    assert counted(np.array([loss]), epsilon, FLOOR).tolist() == [pytest.approx(counts)]


@pytest.mark.parametrize(
    ("champion", "challenger", "outcome"),
    [
        (1.0, 0.97, 1),
        (1.0, 0.98, 0),
        (1.0, 0.99, -1),
        (1.0, 1.0, 0),
        (1.0, 1.01, -1),
        (0.0, 0.0, 0),
        (0.0005, 0.0, -1),
        (0.002, 0.0, 1),
        (1.0, nan, -1),
        (1.0, inf, -1),
        (1.0, -inf, -1),
        (nan, 1.0, 1),
        (inf, 1.0, 1),
        (-inf, 8.0, 1),
        (nan, nan, 0),
        (inf, nan, 0),
        (inf, -inf, 0),
    ],
)
def test_a_batch_goes_to_the_lower_loss_and_to_neither_where_raw_losses_are_equal(
    champion: float, challenger: float, outcome: int
) -> None:
    found = outcomes(np.array([champion]), np.array([challenger]), epsilon=0.02, floor=FLOOR)
    assert found.tolist() == [outcome]


@given(losses=LOSSES, epsilon=EPSILONS, floor=FLOORS)
def test_an_exact_copy_never_wins_a_batch(losses: Losses, epsilon: float, floor: float) -> None:
    found = tally(losses, losses.copy(), epsilon=epsilon, floor=floor)
    assert (found.wins, found.losses, found.batches) == (0, 0, len(losses))
    assert len(losses) == 0 or found.challenger_mean >= found.champion_mean


@given(
    pair=PAIRS,
    bad=st.sampled_from([nan, inf, -inf]),
    epsilon=EPSILONS,
    floor=FLOORS,
)
def test_a_loss_that_is_no_finite_number_never_wins_a_batch(
    pair: tuple[Losses, Losses], bad: float, epsilon: float, floor: float
) -> None:
    champion, challenger = pair
    challenger[::2] = bad
    assert (outcomes(champion, challenger, epsilon=epsilon, floor=floor)[::2] <= 0).all()
    assert (outcomes(challenger, champion, epsilon=epsilon, floor=floor)[::2] >= 0).all()
    assert len(champion) == 0 or tally(champion, challenger, epsilon=epsilon, floor=floor).challenger_mean == inf


@given(pair=PAIRS, epsilons=st.tuples(EPSILONS, EPSILONS), floor=FLOORS)
def test_no_two_models_each_lead_the_other(
    pair: tuple[Losses, Losses], epsilons: tuple[float, float], floor: float
) -> None:
    one = tally(pair[0], pair[1], epsilon=epsilons[0], floor=floor)
    other = tally(pair[1], pair[0], epsilon=epsilons[1], floor=floor)
    assert not (one.wins > one.losses and other.wins > other.losses)


@given(pair=PAIRS, epsilons=st.tuples(EPSILONS, EPSILONS), floor=FLOORS)
def test_wins_only_grow_and_losses_only_shrink_as_epsilon_falls(
    pair: tuple[Losses, Losses], epsilons: tuple[float, float], floor: float
) -> None:
    before = tally(*pair, epsilon=max(epsilons), floor=floor)
    after = tally(*pair, epsilon=min(epsilons), floor=floor)
    assert after.wins >= before.wins
    assert after.losses <= before.losses
    assert after.champion_mean >= before.champion_mean


@given(pair=PAIRS, epsilon=EPSILONS, order=st.randoms(use_true_random=False))
def test_the_order_of_batches_does_not_change_the_count(
    pair: tuple[Losses, Losses], epsilon: float, order: object
) -> None:
    shuffled = list(range(len(pair[0])))
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    one = tally(*pair, epsilon=epsilon, floor=FLOOR)
    other = tally(pair[0][shuffled], pair[1][shuffled], epsilon=epsilon, floor=FLOOR)
    assert (one.wins, one.losses, one.batches) == (other.wins, other.losses, other.batches)


def test_a_tally_counts_wins_losses_and_the_batches_that_neither_won() -> None:
    found = tally(np.array([1.0, 1.0, 1.0, 1.0]), np.array([0.5, 1.0, 0.99, 1.5]), epsilon=0.1, floor=FLOOR)
    assert found == Tally(wins=1, losses=2, batches=4, champion_mean=pytest.approx(0.9), challenger_mean=0.9975)


def test_a_duel_without_shared_batches_has_no_winner_and_no_mean() -> None:
    none: Losses = np.empty(0)
    assert tally(none, none, epsilon=0.05, floor=FLOOR) == Tally(
        wins=0, losses=0, batches=0, champion_mean=inf, challenger_mean=inf
    )
