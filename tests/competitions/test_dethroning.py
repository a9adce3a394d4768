from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.batches import Losses
from competitions.competition import Competition
from competitions.dethroning import dethrones, judge
from competitions.duel import Tally
from competitions.evidence import behind
from competitions.season import Entrant, Season, reference_of

OLD = 10**6  # a block at which every epsilon has long reached its end, 1%
A, B, C, D, E = (Entrant(block=10 * n, key=f"{name}@{10 * n}") for n, name in enumerate("ABCDE"))

# A coarse grid, so that equal losses, wins below epsilon and clear wins all happen.
GRID = st.sampled_from([0.0, 0.5, 0.995, 1.0, 1.02, 2.0, 8.0])


def season(losses: dict[Entrant, Losses | list[float]], sync: int = 20) -> Season:
    """A season of one round."""
    return Season({sync: {one.key: np.asarray(values, dtype=np.float64) for one, values in losses.items()}})


def patterns(entrants: int, most: int = 6) -> st.SearchStrategy[list[list[float]]]:
    """For every entrant the losses on up to `most` kinds of batches."""
    kinds = st.integers(1, most)
    return kinds.flatmap(
        lambda n: st.lists(st.lists(GRID, min_size=n, max_size=n), min_size=entrants, max_size=entrants)
    )


def repeated(pattern: list[list[float]], times: int = 300) -> dict[Entrant, Losses]:
    """Entrants A, B, ... that meet the same kinds of batches again and again: fixed models, any amount of evidence."""
    return {one: np.tile(losses, times) for one, losses in zip((A, B, C, D, E), pattern, strict=False)}


def succession(losses: dict[Entrant, Losses], competition: Competition, block: int = OLD) -> list[Entrant]:
    """Who holds the seat, judgement after judgement, until it stays with one or comes back to an earlier champion."""
    seats = [next(iter(losses))]
    while True:
        champion = judge(season(losses), seats[-1], losses, competition, block).champion
        if champion == seats[-1]:
            return seats
        seats.append(champion)
        if champion in seats[:-1]:
            return seats


@pytest.mark.parametrize(
    ("wins", "losses", "champion_mean", "challenger_mean", "expected"),
    [
        (18, 0, 1.0, 0.9, True),
        (17, 0, 1.0, 0.9, False),
        (0, 18, 1.0, 0.9, False),
        (18, 0, 1.0, 1.0, False),
        (18, 0, 1.0, 1.1, False),
        (400, 200, 1.0, 0.9, True),
        (306, 294, 1.0, 0.9, False),
        (18, 0, 1.0, inf, False),
        (18, 0, inf, inf, False),
        (0, 0, inf, inf, False),
    ],
)
def test_dethroning_takes_more_wins_evidence_and_a_lower_mean(
    tiny: Competition, wins: int, losses: int, champion_mean: float, challenger_mean: float, expected: bool
) -> None:
    duel = Tally(
        wins=wins,
        losses=losses,
        batches=wins + losses,
        champion_mean=champion_mean,
        challenger_mean=challenger_mean,
    )
    assert dethrones(duel, tiny) is expected


def test_the_champion_stays_where_nobody_else_was_scored(tiny: Competition) -> None:
    for challengers in ((), (A,), (A, B)):
        verdict = judge(season({A: [1.0] * 50}), A, challengers, tiny, OLD)
        assert (verdict.champion, verdict.dethroner) == (A, None)


def test_a_challenger_that_wins_18_batches_of_18_takes_the_seat_from_the_reference(tiny: Competition) -> None:
    reference = reference_of(tiny)
    verdict = judge(season({reference: [1.0] * 18, B: [0.9] * 18}), reference, [B], tiny, OLD)
    assert (verdict.champion, verdict.dethroner) == (B, B)
    assert verdict.duels[B.key].wins == 18


def test_a_lead_below_epsilon_never_takes_the_seat(tiny: Competition) -> None:
    for batches in (18, 1_000, 50_000):
        assert judge(season({A: [1.0] * batches, B: [0.995] * batches}), A, [B], tiny, OLD).champion == A


def test_a_model_a_hair_better_on_most_batches_and_far_worse_on_the_rest_stays_out(tiny: Competition) -> None:
    losses = {A: [1.0] * 1_000, B: [0.98] * 900 + [2.0] * 100}
    verdict = judge(season(losses), A, [B], tiny, OLD)
    assert (verdict.duels[B.key].wins, verdict.champion) == (900, A)


def test_of_several_the_dethroner_is_the_one_of_lowest_mean_beside_the_champion(tiny: Competition) -> None:
    losses = {A: [1.0] * 50, B: [0.9] * 50, C: [0.7] * 50, D: [0.8] * 50}
    verdict = judge(season(losses), A, [B, C, D], tiny, OLD)
    assert (verdict.champion, verdict.dethroner) == (C, C)


def test_a_noisy_copy_of_the_true_rival_wins_the_seat_for_the_rival(tiny: Competition) -> None:
    rng = np.random.default_rng(5)
    rival = 0.97 + rng.normal(0, 0.02, 400)
    losses = {A: np.ones(400), B: rival, C: rival + rng.normal(-0.001, 0.002, 400)}
    verdict = judge(season(losses), A, [B, C], tiny, OLD)
    assert (verdict.champion, verdict.dethroner) == (B, C)


def test_of_two_equal_rivals_the_earlier_commit_takes_the_seat(tiny: Competition) -> None:
    assert judge(season({A: [1.0] * 50, C: [0.9] * 50, B: [0.9] * 50}), A, [C, B], tiny, OLD).champion == B


def test_a_rival_inherits_up_to_the_dethroner_winning_half_of_their_batches(tiny: Competition) -> None:
    for won, heir in ((25, B), (26, C)):
        rival = [0.9] * won + [0.7] * (50 - won)
        losses = {A: [1.0] * 50, B: rival, C: [0.8] * won + [0.75] * (50 - won)}
        verdict = judge(season(losses), A, [B, C], tiny, OLD)
        assert (verdict.champion, verdict.dethroner) == (heir, C)


def test_batches_that_neither_wins_make_nobody_an_heir(tiny: Competition) -> None:
    losses = {A: [1.0] * 50, B: [0.8] * 50, C: [0.7] * 20 + [0.8] * 30}
    assert judge(season(losses), A, [B, C], tiny, OLD).champion == C


def test_a_rival_does_not_inherit_on_fewer_batches_than_can_be_evidence(tiny: Competition) -> None:
    for met, heir in ((10, C), (11, B)):
        losses = {A: [1.0] * 50, B: [0.8] * met, C: [0.8] * 50}
        assert judge(season(losses), A, [B, C], tiny, OLD).champion == heir


def test_an_earlier_rival_that_the_dethroner_beats_gets_nothing(tiny: Competition) -> None:
    losses = {A: [1.0] * 50, B: [0.95] * 50, C: [0.7] * 50}
    assert judge(season(losses), A, [B, C], tiny, OLD).champion == C


@pytest.mark.parametrize(
    ("rival", "dethroner"),
    [
        ([1.0] * 50, [0.5] * 20 + [1.0] * 30),
        ([0.5, 1.05] * 25, [0.6, 0.9] * 25),
        ([0.5] * 26 + [1.6] * 24, [0.6] * 26 + [0.9] * 24),
    ],
    ids=["equal to the champion", "as many wins as losses", "more wins with a higher mean"],
)
def test_an_earlier_rival_that_does_not_lead_the_champion_gets_nothing(
    tiny: Competition, rival: list[float], dethroner: list[float]
) -> None:
    losses = {A: [1.0] * 50, B: rival, C: dethroner}
    assert 2 * season(losses).duel(B, C, tiny, OLD).wins <= 50
    verdict = judge(season(losses), A, [B, C], tiny, OLD)
    assert (verdict.champion, verdict.dethroner) == (C, C)


def test_an_earlier_rival_that_never_met_the_dethroner_gets_nothing(tiny: Competition) -> None:
    rounds = {
        20: {A.key: np.ones(50), B.key: np.full(50, 0.9)},
        40: {A.key: np.ones(50), C.key: np.full(50, 0.8)},
    }
    assert judge(Season(rounds), A, [B, C], tiny, OLD).champion == C


@given(pattern=patterns(5), order=st.permutations([A, B, C, D, E]), block=st.sampled_from([50, 100, OLD]))
def test_the_order_of_submissions_changes_nothing(
    tiny: Competition, pattern: list[list[float]], order: list[Entrant], block: int
) -> None:
    losses = repeated(pattern)
    shuffled = {one: losses[one] for one in order}
    expected = judge(season(losses), A, [B, C, D, E], tiny, block)
    assert judge(season(shuffled), A, order, tiny, block) == expected


@given(
    pattern=patterns(3),
    copied=st.integers(0, 400),
    block=st.integers(400, 900),
    epsilon=st.sampled_from([(0.0, 0.0), (0.05, 0.01), (0.5, 0.0)]),
    floor=st.sampled_from([0.0, 0.001]),
)
def test_an_exact_copy_of_the_champion_never_takes_its_seat_however_early_or_late_it_was_committed(
    tiny: Competition,
    pattern: list[list[float]],
    copied: int,
    block: int,
    epsilon: tuple[float, float],
    floor: float,
) -> None:
    champion, copy = Entrant(block=200, key="A@200"), Entrant(block=copied, key=f"X@{copied}")
    rules = replace(
        tiny,
        epsilon=replace(tiny.epsilon, start=epsilon[0], end=epsilon[1]),
        judge=replace(tiny.judge, floor=floor),
    )
    losses = repeated(pattern)
    losses = {champion: losses[A], copy: losses[A], B: losses[B], C: losses[C]}
    verdict = judge(season(losses), champion, [copy, B, C], rules, block)
    assert copy not in (verdict.champion, verdict.dethroner)


@given(pattern=patterns(3), bad=st.sampled_from([nan, inf, -inf]), where=st.integers(0, 299))
def test_a_challenger_with_one_loss_that_is_no_finite_number_never_takes_the_seat(
    tiny: Competition, pattern: list[list[float]], bad: float, where: int
) -> None:
    losses = repeated(pattern)
    losses[B][where] = bad
    verdict = judge(season(losses), A, [B, C], tiny, OLD)
    assert B not in (verdict.champion, verdict.dethroner)


def test_a_challenger_that_an_early_epsilon_locked_out_gets_in_once_epsilon_has_decayed(tiny: Competition) -> None:
    losses = season({A: [1.0] * 30, B: [0.97] * 30})
    early, late = (judge(losses, A, [B], tiny, block) for block in (A.block + 20, A.block + 200))
    assert (early.champion, early.duels[B.key].losses) == (A, 30)
    assert behind(early.duels[B.key].wins, early.duels[B.key].losses, tiny.judge.stop_alpha)
    assert (late.champion, late.duels[B.key].wins) == (B, 30)


def test_among_fixed_models_with_noise_the_seat_only_ever_moves_to_a_better_one(tiny: Competition) -> None:
    rng = np.random.default_rng(11)
    means = {A: 2.0, B: 1.8, C: 1.9, D: 1.795}
    rounds: dict[int, dict[str, Losses]] = {}
    seats = [A]
    for sync in range(400, 400 + 60 * 20, 20):
        hard = rng.normal(0, 0.3, 60)
        rounds[sync] = {one.key: np.clip(mean + hard + rng.normal(0, 0.2, 60), 0, 8) for one, mean in means.items()}
        champion = judge(Season(rounds), seats[-1], means, tiny, sync).champion
        if champion != seats[-1]:
            seats.append(champion)
    assert [means[one] for one in seats] == sorted((means[one] for one in seats), reverse=True)
    # D is better than B, but by less than epsilon.
    assert seats[-1] == B


def test_three_models_of_which_each_wins_most_batches_against_the_next_move_the_seat_at_most_twice(
    tiny: Competition,
) -> None:
    for means in ((1.0, 1.0, 1.0), (1.0, 0.9, 0.8), (1.0, 0.8, 0.9)):
        pattern = [[0.5, 1.0, 1.5], [1.0, 1.5, 0.5], [1.5, 0.5, 1.0]]
        losses = repeated([[loss * mean for loss in kinds] for kinds, mean in zip(pattern, means, strict=True)])
        seats = succession(losses, tiny)
        assert len(seats) == len(set(seats)) <= 3


def test_no_cycle_of_wins_moves_the_seat_for_ever_by_way_of_an_heir(tiny: Competition) -> None:
    # B dethrones A, but wins only a third of its batches against C; C leads A with a higher mean. If C took the seat,
    # D would take it from C, A from D, and all would begin anew.
    pattern = {
        A: [4.5, 5.0, 1.5, 7.0, 6.0, 1.0],
        B: [3.0, 6.0, 1.5, 5.0, 3.0, 3.0],
        C: [9.0, 3.0, 10.5, 4.0, 5.0, 1.0],
        D: [6.0, 5.0, 9.0, 1.0, 2.0, 2.5],
    }
    committed = {A: 10, B: 30, C: 20, D: 0}
    losses = {replace(one, block=committed[one]): np.tile(kinds, 300) for one, kinds in pattern.items()}
    seats = succession(losses, tiny)
    assert len(seats) == len(set(seats))


@given(pattern=patterns(5), block=st.sampled_from([60, OLD]))
def test_a_seat_never_returns_to_an_earlier_champion_by_duels_and_each_champion_has_a_lower_mean(
    tiny: Competition, pattern: list[list[float]], block: int
) -> None:
    losses = repeated(pattern)
    seats = succession(losses, tiny, block)
    means = [losses[one].mean() for one in seats]
    assert len(seats) == len(set(seats))
    assert means == sorted(means, reverse=True)
