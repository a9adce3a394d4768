import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.agreement import Word, agree, chain_word
from competitions.competition import Competition
from competitions.season import Entrant, reference_of
from competitions.seat import Seat, first_seat

A, B, C = (Entrant(block=block, key=f"5{name}@{block}") for block, name in enumerate("ABC"))
OWNERS = Entrant(block=3, key="5owner@3")
SETTLED = 50
LATE, LATER = (Entrant(block=SETTLED + n, key=f"5{name}@{SETTLED + n}") for n, name in ((1, "L"), (2, "M")))
REFERENCE = Entrant(block=-1, key="reference")


@pytest.mark.parametrize(
    ("entrants", "consensus", "word", "sure"),
    [
        ([A, B, C], {"5A": 0.1, "5B": 0.7, "5C": 0.2}, B, True),
        ([A, C], {"5A": 0.1, "5B": 0.7, "5C": 0.2}, C, True),
        ([B, A], {"5A": 0.5, "5B": 0.5}, A, True),
        ([A, B], {"5A": 0.0, "5owner": 1.0}, REFERENCE, True),
        ([], {"5owner": 0.2}, REFERENCE, True),
        ([A, OWNERS], {"5A": 0.1, "5owner": 0.9}, A, True),
        ([A, LATE], {"5A": 0.1, "5L": 0.9}, A, True),
        ([A, LATE], {"5L": 0.9, "5owner": 0.1}, LATE, False),
        ([LATE, LATER], {"5L": 0.4, "5M": 0.6}, LATER, False),
        ([A, B], {}, None, False),
        ([], {"5A": 1.0}, None, False),
    ],
    ids=[
        "highest",
        "of the competition",
        "earlier of equals",
        "burnt",
        "burnt and nobody stands",
        "what is burnt is no word for the owner",
        "consensus that may be from before the commitment comes last",
        "nobody but one that has just come",
        "highest of those that have just come",
        "no consensus",
        "nobody",
    ],
)
def test_the_chains_word_is_the_entrant_of_highest_consensus(
    tiny: Competition, entrants: list[Entrant], consensus: dict[str, float], word: Entrant | None, sure: bool
) -> None:
    said = chain_word(entrants, consensus, settled=SETTLED, owner_hotkey="5owner", competition=tiny)
    expected = reference_of(tiny) if word is REFERENCE else word
    assert said == (Word(entrant=expected, settled=sure) if expected else None)


def test_without_an_owner_nothing_is_burnt_and_nobody_is_nobody(tiny: Competition) -> None:
    assert chain_word([A], {"5B": 1.0}, settled=SETTLED, owner_hotkey=None, competition=tiny) is None


@given(
    shares=st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.2, 1.0]), min_size=3, max_size=3),
    order=st.permutations([A, B, C]),
)
def test_the_order_of_submissions_changes_nothing(tiny: Competition, shares: list[float], order: list[Entrant]) -> None:
    consensus = dict(zip(("5A", "5B", "5C"), shares, strict=True))
    backwards = dict(reversed(consensus.items()))

    def word(entrants: list[Entrant], by_hotkey: dict[str, float]) -> Word | None:
        return chain_word(entrants, by_hotkey, settled=SETTLED, owner_hotkey=None, competition=tiny)

    assert word(order, backwards) == word([A, B, C], consensus)


def settled(entrant: Entrant | None) -> Word | None:
    return Word(entrant=entrant, settled=True) if entrant else None


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
        (0, B, 3, False, B, 1),
        (0, B, 3, True, B, 1),
        (0, A, 3, False, A, 1),
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
        "missed three and holds the same",
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
    after = agree(seat, settled(word), missed=missed, refuted=refuted, competition=tiny)
    assert (after.champion, after.differing) == (champion, then)
    assert after.before == ((C,) if champion == A else (C, A))


@pytest.mark.parametrize("missed", [0, 3])
def test_nobody_adopts_a_word_that_is_not_settled_but_to_differ_from_it_counts(tiny: Competition, missed: int) -> None:
    young = Word(entrant=B, settled=False)
    seat = agree(Seat(champion=A), young, missed=missed, refuted=False, competition=tiny)
    assert (seat.champion, seat.differing) == (A, 1)
    assert agree(seat, young, missed=0, refuted=False, competition=tiny).champion == A
    assert agree(seat, settled(B), missed=0, refuted=False, competition=tiny) == Seat(champion=B, before=(A,))


def test_one_that_came_back_adopts_the_word_again_where_it_changes_in_the_round_after(tiny: Competition) -> None:
    seat = agree(first_seat(tiny), settled(A), missed=3, refuted=False, competition=tiny)
    assert agree(seat, settled(B), missed=0, refuted=False, competition=tiny).champion == B
    agreed = agree(seat, settled(A), missed=0, refuted=False, competition=tiny)
    assert agree(agreed, settled(B), missed=0, refuted=False, competition=tiny).champion == A


def test_a_wiped_validator_adopts_the_word_at_once(tiny: Competition) -> None:
    adopted = agree(first_seat(tiny), settled(B), missed=3, refuted=False, competition=tiny)
    assert (adopted.champion, adopted.before) == (B, ())


def test_a_validator_that_differs_comes_back_within_two_rounds_whatever_the_word_was_before(tiny: Competition) -> None:
    seat = Seat(champion=A)
    for word in (B, C):
        seat = agree(seat, settled(word), missed=0, refuted=False, competition=tiny)
    assert seat.champion == C
