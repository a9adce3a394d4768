from dataclasses import replace

import pytest

from competitions.competition import Competition
from competitions.season import Entrant, reference_of
from competitions.seat import Seat, first_seat, saw_champion, vacate

A, B, C = (Entrant(block=block, key=f"5{name}@{block}") for block, name in enumerate("ABC"))
ALL = {A.key, B.key, C.key}


def test_the_reference_holds_the_seat_first(tiny: Competition) -> None:
    assert first_seat(tiny) == Seat(champion=reference_of(tiny), before=(), unreachable=0, differing=0)


def test_a_new_champion_is_counted_as_reachable_and_the_old_one_joins_those_before() -> None:
    seat = Seat(champion=A, before=(B,), unreachable=2)
    assert seat.taken_by(C) == Seat(champion=C, before=(B, A), unreachable=0)


def test_who_differs_from_the_chains_word_may_do_so_with_its_next_champion_too() -> None:
    assert Seat(champion=A, differing=1).taken_by(B).differing == 1


def test_a_champion_that_returns_stands_no_longer_among_those_before() -> None:
    assert Seat(champion=C, before=(A, B)).taken_by(A) == Seat(champion=A, before=(B, C))


def test_the_reference_never_stands_among_those_before(tiny: Competition) -> None:
    assert first_seat(tiny).taken_by(A) == Seat(champion=A, before=())


def test_the_same_champion_again_changes_nothing() -> None:
    seat = Seat(champion=A, before=(B,), unreachable=2, differing=1)
    assert seat.taken_by(A) == seat


def test_rounds_out_of_reach_are_counted_running(tiny: Competition) -> None:
    seat = Seat(champion=A)
    for reachable, count in ((False, 1), (False, 2), (True, 0), (False, 1)):
        seat = saw_champion(seat, reachable)
        assert seat.unreachable == count
    assert saw_champion(first_seat(tiny), False).unreachable == 0


@pytest.mark.parametrize(
    ("seat", "standing", "after"),
    [
        (Seat(champion=C, before=(A, B)), ALL, Seat(champion=C, before=(A, B))),
        (Seat(champion=C, before=(A, B), unreachable=2), ALL, Seat(champion=C, before=(A, B), unreachable=2)),
        (Seat(champion=C, before=(A, B), unreachable=3), ALL, Seat(champion=B, before=(A,), unreachable=2)),
        (Seat(champion=C, before=(A, B), differing=1), {A.key, B.key}, Seat(champion=B, before=(A,), unreachable=2)),
        (Seat(champion=C, before=(A, B)), {A.key}, Seat(champion=A, before=(), unreachable=2)),
        (Seat(champion=C, before=(A, B)), {A.key, "5C@99"}, Seat(champion=A, before=(), unreachable=2)),
    ],
    ids=[
        "it stands",
        "out of reach for two rounds",
        "out of reach for three",
        "its hotkey left",
        "the one before left too",
        "its hotkey committed again",
    ],
)
def test_a_vacant_seat_goes_to_the_latest_champion_before_that_still_stands(
    tiny: Competition, seat: Seat, standing: set[str], after: Seat
) -> None:
    assert vacate(seat, standing, tiny) == after


def test_an_heir_out_of_reach_in_its_first_round_makes_way_at_once_and_one_within_reach_has_all_rounds(
    tiny: Competition,
) -> None:
    heir = vacate(Seat(champion=C, before=(A, B)), {A.key, B.key}, tiny)
    assert vacate(heir, {A.key, B.key}, tiny) == heir, "as long as the hub tells nothing"
    assert vacate(saw_champion(heir, False), {A.key, B.key}, tiny).champion == A
    assert saw_champion(heir, True) == Seat(champion=B, before=(A,))


def test_a_vacant_seat_without_a_champion_before_goes_to_the_reference(tiny: Competition) -> None:
    assert vacate(Seat(champion=C, before=(A, B)), set(), tiny) == first_seat(tiny)
    assert vacate(Seat(champion=C, unreachable=3), ALL, tiny) == first_seat(tiny)


def test_the_reference_never_vacates(tiny: Competition) -> None:
    seat = replace(first_seat(tiny), differing=1)
    assert vacate(seat, set(), tiny) == seat
