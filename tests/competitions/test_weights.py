from dataclasses import replace
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.competition import Competition
from competitions.season import Entrant
from competitions.seat import Seat, first_seat
from competitions.weights import weigh

A, B, C = (Seat(champion=Entrant(block=block, key=f"5{name}@{block}")) for block, name in enumerate("ABC"))

SEATS = st.lists(st.tuples(st.sampled_from(["reference", "5A", "5B", "5owner"]), st.integers(0, 100)), max_size=8)


def held(tiny: Competition, seats: list[tuple[Seat | None, float]]) -> list[tuple[Competition, Seat]]:
    """Competitions 0, 1, ... with their reward and their seat; none is the reference's."""
    return [(replace(tiny, id=n, reward=reward), seat or first_seat(tiny)) for n, (seat, reward) in enumerate(seats)]


@pytest.mark.parametrize(
    ("seats", "owner", "expected"),
    [
        ([(C, 0.4), (B, 0.2), (A, 0.4)], "5O", {"5A": 0.4, "5B": 0.2, "5C": 0.4}),
        ([(A, 0.4), (None, 0.2), (None, 0.4)], "5O", {"5A": 0.4, "5O": 0.6}),
        ([(A, 0.4), (B, 0.2), (None, 0.4)], None, {"5A": 2 / 3, "5B": 1 / 3}),
        ([(A, 0.5), (A, 0.5)], "5O", {"5A": 1.0}),
        ([(A, 0.5), (None, 0.5)], "5A", {"5A": 1.0}),
        ([(None, 1.0)], "5O", {"5O": 1.0}),
        ([(None, 1.0)], None, {}),
        ([(A, 0.0), (B, 1.0)], None, {"5B": 1.0}),
        ([(A, 0.0), (None, 1.0)], None, {}),
        ([], "5O", {}),
    ],
    ids=[
        "every seat taken",
        "the references' shares are burnt",
        "without an owner they go to the others",
        "two seats of one hotkey",
        "the owner is a champion too",
        "all is burnt",
        "nobody can be paid",
        "a competition without reward",
        "only a competition without reward is held",
        "no competition",
    ],
)
def test_each_champion_gets_its_competitions_share(
    tiny: Competition, seats: list[tuple[Seat | None, float]], owner: str | None, expected: dict[str, float]
) -> None:
    found = weigh(held(tiny, seats), owner)
    assert found == pytest.approx(expected)
    assert list(found) == sorted(found)


@given(seats=SEATS, owner=st.sampled_from([None, "5owner"]))
def test_weights_are_finite_not_negative_and_sum_to_one_whenever_somebody_can_be_paid(
    tiny: Competition, seats: list[tuple[str, int]], owner: str | None
) -> None:
    competitions = held(
        tiny,
        [
            (None if who == "reference" else Seat(champion=Entrant(block=1, key=f"{who}@1")), n / 100)
            for who, n in seats
        ],
    )
    found = weigh(competitions, owner)
    payable = any(share and (who != "reference" or owner) for who, share in seats)
    assert bool(found) == payable
    assert all(isfinite(weight) and weight > 0 for weight in found.values())
    assert not found or sum(found.values()) == pytest.approx(1, abs=1e-12)


@given(rewards=st.lists(st.integers(1, 100), min_size=3, max_size=8), order=st.randoms(use_true_random=False))
def test_the_order_of_competitions_changes_not_even_the_last_bit(
    tiny: Competition, rewards: list[int], order: object
) -> None:
    seats = held(tiny, [(None if n % 3 else A, reward / sum(rewards)) for n, reward in enumerate(rewards)])
    expected = weigh(seats, "5O")
    order.shuffle(seats)  # type: ignore[attr-defined]
    assert weigh(seats, "5O") == expected
