"""Seating: who holds each seat as a round begins."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from competitions.schedule import Catalog
from competitions.season import Entrant, Season, reference_of
from competitions.seat import Seat
from competitions.submission import Payload, Submission
from finetune.validating.discover import Discovery
from finetune.validating.judge import judge
from finetune.validating.seating import Seating, seating
from finetune.validating.state import State
from finetune.validating.weigh import weigh

A, B, C = (Entrant(block=block, key=f"{name}@{block}") for block, name in ((10, "a"), (11, "b"), (12, "c")))
SYNC = 200  # the tenth round


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    found = State(tmp_path / "state.sqlite")
    yield found
    found.close()


@pytest.fixture
def catalog(competition) -> Catalog:
    return Catalog((competition,))


@pytest.fixture
def two(competition) -> Catalog:
    """Two competitions that take turns: at 200 it is the first's, at 220 the second's."""
    return Catalog((replace(competition, reward=0.7), replace(competition, id=2, reward=0.3)))


def submission(one: Entrant, competition: int = 1) -> Submission:
    payload = Payload(repository="x/m", revision="1" * 40, secure_hash="A" * 43 + "=", competition=competition)
    return Submission(hotkey=str(one.hotkey), coldkey="cold", block=one.block, payload=payload)


def discovery(*entrants: Entrant, sync: int = SYNC, competition: int = 1, **consensus: float) -> Discovery:
    return Discovery(
        sync=sync,
        time=0.0,
        tempo=20,
        seed="00",
        owner_hotkey="owner",
        consensus=consensus,
        submissions=tuple(submission(one, competition) for one in entrants),
    )


def seat_of(state: State, catalog: Catalog, found: Discovery, number: int = 0) -> Seat:
    return seating(state, catalog, found).seat(catalog.competitions[number])


def test_without_state_and_without_a_word_the_reference_holds_the_seat(state, catalog, competition):
    assert seat_of(state, catalog, discovery(A)).champion == reference_of(competition)


def test_without_state_the_chains_word_is_adopted(state, catalog):
    assert seat_of(state, catalog, discovery(A, B, a=0.2, b=0.8)).champion == B


def test_a_seat_kept_stays_while_the_chain_says_the_same(state, catalog):
    seat = Seat(champion=A, before=(B,), unreachable=2)
    state.keep_seat(1, seat, SYNC - 20)
    assert seat_of(state, catalog, discovery(A, B, a=1.0)) == seat


def test_one_that_differs_keeps_its_seat_once_and_adopts_the_word_the_second_time(state, catalog):
    state.keep_seat(1, Seat(champion=A), SYNC - 20)
    first = seat_of(state, catalog, discovery(A, B, b=1.0))
    assert (first.champion, first.differing) == (A, 1)
    state.keep_seat(1, first, SYNC)
    assert seat_of(state, catalog, discovery(A, B, sync=SYNC + 20, b=1.0)).champion == B


def test_one_with_evidence_of_its_own_against_the_word_keeps_its_seat(state, catalog):
    state.keep_seat(1, Seat(champion=A, differing=1), SYNC - 20)
    state.save_losses(1, SYNC - 20, A.key, np.full(120, 1.0), "")
    state.save_losses(1, SYNC - 20, B.key, np.full(120, 1.5), "")
    assert seat_of(state, catalog, discovery(A, B, b=1.0)).champion == A


@pytest.mark.parametrize(("judged", "adopts"), [(SYNC - 60, False), (SYNC - 80, True)])
def test_one_that_missed_three_rounds_adopts_the_word_at_once(state, catalog, judged, adopts):
    state.keep_seat(1, Seat(champion=A), judged)
    assert seat_of(state, catalog, discovery(A, B, b=1.0)).champion == (B if adopts else A)


def test_a_champion_that_no_longer_stands_makes_way_whosevers_turn_it_is(state, two):
    state.keep_seat(2, Seat(champion=A, before=(B,)), SYNC - 20)
    assert seat_of(state, two, discovery(B, competition=2), 1).champion == B
    assert seat_of(state, two, discovery(C, competition=2), 1).champion.is_reference


def test_a_differing_round_counts_only_where_it_is_the_competitions_own(state, two):
    for number in (1, 2):
        state.keep_seat(number, Seat(champion=A), SYNC - 20)
    assert seat_of(state, two, discovery(A, B, b=1.0), 0).differing == 1
    assert seat_of(state, two, discovery(A, B, competition=2, b=1.0), 1).differing == 0


@pytest.mark.parametrize(("block", "adopts"), [(SYNC - 40, True), (SYNC - 39, False)])
def test_consensus_is_a_commitments_own_once_a_round_and_an_epoch_have_passed(state, catalog, block, adopts):
    late = Entrant(block=block, key=f"c@{block}")
    assert (seat_of(state, catalog, discovery(A, late, c=1.0)).champion == late) == adopts


def test_without_state_a_young_word_is_adopted_in_the_second_round(state, catalog):
    young = Entrant(block=SYNC - 10, key=f"b@{SYNC - 10}")
    first = seat_of(state, catalog, discovery(A, young, b=1.0))
    assert first.champion.is_reference
    state.keep_seat(1, first.taken_by(A), SYNC)
    assert seat_of(state, catalog, discovery(A, young, sync=SYNC + 40, b=1.0)).champion == young


def test_that_a_third_model_beats_the_word_is_no_reason_to_differ_from_it(state, catalog):
    """It may be out of reach for good: whoever waited for it would stay alone."""
    state.keep_seat(1, Seat(champion=A, differing=1), SYNC - 20)
    state.save_losses(1, SYNC - 20, A.key, np.full(120, 1.5), "")
    state.save_losses(1, SYNC - 20, B.key, np.full(120, 1.5), "")
    state.save_losses(1, SYNC - 20, C.key, np.full(120, 1.0), "")
    assert seat_of(state, catalog, discovery(A, B, C, b=1.0)).champion == B


@pytest.mark.parametrize("number", [1, 2])
def test_what_a_champion_held_is_no_word_for_what_its_hotkey_commits_next_to_any_competition(state, two, number):
    state.keep_seat(1, Seat(champion=A, before=(B,)), 0)
    again = Entrant(block=100, key="a@100")
    seat = seat_of(state, two, discovery(again, competition=number, a=1.0), number - 1)
    assert seat.champion.is_reference


# Judge and weigh, which end what seating begins


def test_the_seats_of_competitions_that_did_not_play_stay_as_they_were_seated(state, two):
    seats = Seating(seats={"1": Seat(champion=A), "2": Seat(champion=C, unreachable=2)})
    found = discovery(A, B)
    season_of_b = {SYNC: {A.key: np.full(60, 1.0), B.key: np.full(60, 0.5)}}
    verdict = judge(found, two.competitions[0], seats, Season(season_of_b), [B], True)
    assert (verdict.seats["1"].champion, verdict.dethroner) == (B, B.key)
    assert verdict.seats["2"] == seats.seats["2"]
    assert weigh(two, found, verdict).by_hotkey == pytest.approx({"b": 0.7, "c": 0.3})


def test_a_duel_without_a_shared_batch_is_not_in_the_judgement(state, catalog, competition):
    seats = Seating(seats={"1": Seat(champion=A)})
    verdict = judge(discovery(A, B), competition, seats, Season({SYNC: {A.key: np.ones(60)}}), [B], True)
    assert verdict.duels == {}
    assert verdict.seats["1"].champion == A
