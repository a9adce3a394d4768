import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.agreement import agree, chain_word
from competitions.competition import Competition
from competitions.season import Entrant, reference_of
from competitions.seat import Seat, first_seat

A, B, C = (Entrant(block=block, key=f"5{name}@{block}") for block, name in enumerate("ABC"))
OWNERS = Entrant(block=3, key="5owner@3")
SETTLED = 50
LATE = Entrant(block=SETTLED + 1, key=f"5L@{SETTLED + 1}")
REFERENCE = Entrant(block=-1, key="reference")


@pytest.mark.parametrize(
    ("entrants", "consensus", "word"),
    [
        ([A, B, C], {"5A": 0.1, "5B": 0.7, "5C": 0.2}, B),
        ([A, C], {"5A": 0.1, "5B": 0.7, "5C": 0.2}, C),
        ([B, A], {"5A": 0.5, "5B": 0.5}, A),
        ([A, B], {"5A": 0.0, "5owner": 1.0}, REFERENCE),
        ([], {"5owner": 0.2}, REFERENCE),
        ([A, OWNERS], {"5A": 0.1, "5owner": 0.9}, A),
        ([A, LATE], {"5A": 0.1, "5L": 0.9}, A),
        ([A, LATE], {"5L": 0.9, "5owner": 0.1}, None),
        ([A, B], {}, None),
        ([], {"5A": 1.0}, None),
    ],
    ids=[
        "highest",
        "of the competition",
        "earlier of equals",
        "burnt",
        "burnt and nobody stands",
        "what is burnt is no word for the owner",
        "consensus from before the commitment",
        "nobody but one that has just come",
        "no consensus",
        "nobody",
    ],
)
def test_the_chains_word_is_the_entrant_of_highest_consensus(
    tiny: Competition, entrants: list[Entrant], consensus: dict[str, float], word: Entrant | None
) -> None:
    said = chain_word(entrants, consensus, settled=SETTLED, owner_hotkey="5owner", competition=tiny)
    assert said == (reference_of(tiny) if word is REFERENCE else word)


def test_without_an_owner_nothing_is_burnt_and_nobody_is_nobody(tiny: Competition) -> None:
    assert chain_word([A], {"5B": 1.0}, settled=SETTLED, owner_hotkey=None, competition=tiny) is None


@given(
    shares=st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.2, 1.0]), min_size=3, max_size=3),
    order=st.permutations([A, B, C]),
)
def test_the_order_of_submissions_changes_nothing(tiny: Competition, shares: list[float], order: list[Entrant]) -> None:
    consensus = dict(zip(("5A", "5B", "5C"), shares, strict=True))
    backwards = dict(reversed(consensus.items()))

    def word(entrants: list[Entrant], by_hotkey: dict[str, float]) -> Entrant | None:
        return chain_word(entrants, by_hotkey, settled=SETTLED, owner_hotkey=None, competition=tiny)

    assert word(order, backwards) == word([A, B, C], consensus)


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
