import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.agreement import agree, chain_word
from competitions.competition import Competition
from competitions.season import Entrant
from competitions.seat import Seat, first_seat

A, B, C = (Entrant(block=block, key=f"5{name}@{block}") for block, name in enumerate("ABC"))


@pytest.mark.parametrize(
    ("entrants", "consensus", "word"),
    [
        ([A, B, C], {"5A": 0.1, "5B": 0.7, "5C": 0.2}, B),
        ([A, C], {"5A": 0.1, "5B": 0.7, "5C": 0.2}, C),
        ([B, A], {"5A": 0.5, "5B": 0.5}, A),
        ([A, B], {"5A": 0.0, "5owner": 1.0}, None),
        ([A, B], {}, None),
        ([], {"5A": 1.0}, None),
    ],
    ids=["highest", "of the competition", "earlier of equals", "burnt", "no consensus", "nobody"],
)
def test_the_chains_word_is_the_entrant_of_highest_consensus(
    entrants: list[Entrant], consensus: dict[str, float], word: Entrant | None
) -> None:
    assert chain_word(entrants, consensus) == word


@given(
    shares=st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.2, 1.0]), min_size=3, max_size=3),
    order=st.permutations([A, B, C]),
)
def test_the_order_of_submissions_changes_nothing(shares: list[float], order: list[Entrant]) -> None:
    consensus = dict(zip(("5A", "5B", "5C"), shares, strict=True))
    backwards = dict(reversed(consensus.items()))
    assert chain_word(order, backwards) == chain_word([A, B, C], consensus)


@pytest.mark.parametrize(
    ("differing", "word", "missed", "refuted", "champion", "then"),
    [
        (0, A, 0, False, A, 0),
        (1, A, 0, False, A, 0),
        (1, None, 9, False, A, 0),
        (0, B, 0, False, A, 1),
        (1, B, 0, False, B, 0),
        (1, B, 0, True, A, 2),
        (2, B, 0, True, A, 3),
        (2, B, 0, False, B, 0),
        (0, B, 2, False, A, 1),
        (0, B, 3, False, B, 0),
        (0, B, 3, True, B, 0),
    ],
    ids=[
        "the same",
        "the same again",
        "no word",
        "differs once",
        "differs twice",
        "refutes it",
        "goes on refuting it",
        "refutes it no longer",
        "missed two rounds",
        "missed three",
        "missed three and its evidence is old",
    ],
)
def test_a_validator_adopts_the_word_after_missing_three_rounds_or_differing_in_two_unless_it_refutes_it(
    tiny: Competition,
    differing: int,
    word: Entrant | None,
    missed: int,
    refuted: bool,
    champion: Entrant,
    then: int,
) -> None:
    seat = Seat(champion=A, before=(C,), differing=differing)
    after = agree(seat, word, missed=missed, refuted=refuted, competition=tiny)
    assert (after.champion, after.differing) == (champion, then)
    assert after.before == ((C,) if champion == A else (C, A))


def test_a_wiped_validator_adopts_the_word_at_once(tiny: Competition) -> None:
    assert agree(first_seat(tiny), B, missed=3, refuted=False, competition=tiny) == Seat(champion=B)


def test_a_validator_that_differs_comes_back_within_two_rounds_whatever_the_word_was_before(tiny: Competition) -> None:
    seat = Seat(champion=A)
    for word in (B, C):
        seat = agree(seat, word, missed=0, refuted=False, competition=tiny)
    assert seat.champion == C
