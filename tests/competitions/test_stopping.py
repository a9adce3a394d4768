from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.competition import Competition
from competitions.duel import Tally
from competitions.epsilon import Epsilon
from competitions.evidence import ahead, behind
from competitions.stopping import Stop, may_play, stop_reason

COUNTS = st.integers(0, 300)


def counts(wins: int, losses: int) -> Tally:
    return Tally(wins=wins, losses=losses, batches=wins + losses, champion_mean=inf, challenger_mean=inf)


@pytest.mark.parametrize(
    ("wins", "losses", "left", "reason"),
    [
        (0, 10, 189, None),
        (0, 11, 189, "behind"),
        (0, 11, 0, "behind"),
        (20, 50, 100, "behind"),
        (0, 0, 18, None),
        (0, 0, 17, "out_of_reach"),
        (100, 99, 1, None),
        (17, 0, 1, None),
        (0, 0, 0, None),
        (5, 4, 0, None),
        (100, 100, 20, "out_of_reach"),
        (18, 0, 100, None),
    ],
)
def test_a_challenger_stops_once_it_is_behind_or_the_round_can_no_longer_dethrone(
    tiny: Competition, wins: int, losses: int, left: int, reason: Stop | None
) -> None:
    assert stop_reason(wins, losses, wins + losses, left, tiny) == reason


@pytest.mark.parametrize("lost", [True, False], ids=["near copy", "exact copy"])
def test_a_copy_is_stopped_after_11_batches(tiny: Competition, lost: bool) -> None:
    stops = [stop_reason(0, n if lost else 0, n, 240 - n, tiny) for n in range(12)]
    assert stops == [None] * 11 + ["behind"]


def test_a_small_lead_adds_up_over_rounds_until_it_dethrones(tiny: Competition) -> None:
    rng = np.random.default_rng(3)
    wins = losses = rounds = 0
    while not ahead(wins, losses, tiny.judge.alpha):
        rounds += 1
        assert rounds < 60
        for batch in range(60):
            won = rng.random() < 0.6
            wins, losses = wins + won, losses + (not won)
            if stop_reason(wins, losses, wins + losses, 59 - batch, tiny):
                break
    assert wins + losses > 200


@given(wins=COUNTS, losses=COUNTS, left=COUNTS)
def test_whoever_is_out_of_reach_could_not_dethrone_by_any_end_of_the_round(
    tiny: Competition, wins: int, losses: int, left: int
) -> None:
    reason = stop_reason(wins, losses, wins + losses, left, tiny)
    alpha = tiny.judge.alpha
    if reason == "out_of_reach":
        assert not any(ahead(wins + won, losses + left - won, alpha) for won in range(left + 1))
    if ahead(wins, losses, alpha):
        assert reason is None
    if behind(wins, losses, tiny.judge.stop_alpha):
        assert reason == "behind"


@pytest.mark.parametrize(
    ("duel", "stopped_at", "epsilon", "plays"),
    [
        (counts(0, 0), None, 0.05, True),
        (counts(0, 11), None, 0.05, True),
        (counts(0, 11), 0.05, 0.05, False),
        (counts(0, 11), 0.05, 0.011, False),
        (counts(5, 6), 0.05, 0.03, True),
        (counts(0, 0), 0.05, 0.05, True),
        (counts(0, 11), 0.05, 0.01, True),
        (counts(0, 11), 0.01, 0.01, False),
    ],
    ids=[
        "new",
        "never stopped",
        "just stopped",
        "still behind",
        "recounted below the stop level",
        "new season",
        "once more at the end of epsilon",
        "stopped at the end of epsilon",
    ],
)
def test_a_stopped_challenger_rests_until_its_recount_or_the_end_of_epsilon(
    tiny: Competition, duel: Tally, stopped_at: float | None, epsilon: float, plays: bool
) -> None:
    assert may_play(duel, stopped_at, epsilon, tiny) is plays


def test_the_end_of_epsilon_is_met_exactly_so_that_nobody_rests_for_ever(tiny: Competition) -> None:
    awkward = replace(tiny, epsilon=Epsilon(start=0.3, end=0.1, decay_blocks=7))
    assert may_play(counts(0, 11), awkward.epsilon.at(6), awkward.epsilon.at(7), awkward)
