from dataclasses import replace

import numpy as np
import pytest

from competitions.competition import Competition
from competitions.duel import tally
from competitions.season import Entrant, Season, reference_of, season_start

A, B = Entrant(block=0, key="5A@0"), Entrant(block=100, key="5B@100")
OLD = 10**6  # a block at which every epsilon has long reached its end


def test_earlier_means_by_block_and_then_by_key() -> None:
    ones = [Entrant(block=2, key="a@2"), Entrant(block=1, key="z@1"), Entrant(block=1, key="y@1")]
    assert [one.key for one in sorted(ones)] == ["y@1", "z@1", "a@2"]


def test_the_reference_belongs_to_no_hotkey_and_counts_from_the_first_block(tiny: Competition) -> None:
    reference = reference_of(replace(tiny, first_block=50))
    assert (reference.block, reference.is_reference, reference.hotkey) == (50, True, None)
    assert (A.is_reference, A.hotkey) == (False, "5A")


def test_a_season_starts_every_50_400_blocks(tiny: Competition) -> None:
    assert [season_start(tiny, block) for block in (0, 50_399, 50_400, 100_799)] == [0, 0, 50_400, 50_400]


def test_a_competition_that_begins_within_a_season_brings_no_evidence_from_before(tiny: Competition) -> None:
    assert season_start(replace(tiny, first_block=60_000), 70_000) == 60_000


def test_a_duel_counts_only_rounds_and_batches_that_both_were_scored_on(tiny: Competition) -> None:
    season = Season(
        {
            20: {A.key: np.array([1.0, 1.0, 1.0]), B.key: np.array([0.5, 0.5])},
            40: {A.key: np.array([1.0, 1.0]), "5C@7": np.array([0.1, 0.1])},
            60: {B.key: np.array([0.5, 0.5])},
            80: {A.key: np.array([1.0]), B.key: np.array([2.0, 0.1])},
            100: {A.key: np.array([1.0]), B.key: np.empty(0)},
        }
    )
    found = season.duel(A, B, tiny, OLD)
    assert (found.wins, found.losses, found.batches) == (2, 1, 3)
    assert found.challenger_mean == pytest.approx(1.0)
    assert found.champion_mean == pytest.approx(0.99)


def test_two_that_were_never_scored_together_have_no_evidence(tiny: Competition) -> None:
    found = Season({20: {A.key: np.ones(3)}, 40: {B.key: np.ones(3)}}).duel(A, B, tiny, OLD)
    assert (found.wins, found.losses, found.batches) == (0, 0, 0)
    assert Season({}).duel(A, B, tiny, OLD).batches == 0


@pytest.mark.parametrize(("block", "epsilon"), [(100, 0.05), (200, 0.03), (300, 0.01), (400, 0.01)])
def test_a_duel_is_counted_at_the_epsilon_of_the_champions_age_today(
    tiny: Competition, block: int, epsilon: float
) -> None:
    rng = np.random.default_rng(0)
    champion, challenger = rng.uniform(1, 1.1, (2, 50))
    season = Season({20: {B.key: champion, A.key: challenger}})
    assert season.duel(B, A, tiny, block) == tally(champion, challenger, epsilon=epsilon, floor=0.001)


def test_the_order_in_which_rounds_are_given_changes_nothing(tiny: Competition) -> None:
    rng = np.random.default_rng(0)
    rounds = {sync: {A.key: rng.random(7), B.key: rng.random(7)} for sync in range(20, 200, 20)}
    backwards = {sync: rounds[sync] for sync in sorted(rounds, reverse=True)}
    assert Season(backwards).duel(A, B, tiny, OLD) == Season(rounds).duel(A, B, tiny, OLD)
