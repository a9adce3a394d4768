from hypothesis import given
from hypothesis import strategies as st

from competitions.queue import Candidate, choose
from competitions.season import Entrant


def candidate(block: int, coldkey: str = "", *, stopped: bool = False, batches: int = 0) -> Candidate:
    """A candidate named by its block, of a coldkey of its own unless one is given."""
    entrant = Entrant(block=block, key=f"5H@{block}")
    return Candidate(entrant=entrant, coldkey=coldkey or f"5C{block}", stopped=stopped, batches=batches)


def blocks(chosen: tuple[Entrant, ...]) -> list[int]:
    return [one.block for one in chosen]


CANDIDATES = st.lists(
    st.builds(
        candidate,
        st.integers(0, 1_000),
        st.sampled_from(["x", "y", "z", ""]),
        stopped=st.booleans(),
        batches=st.sampled_from([0, 10, 200]),
    ),
    max_size=30,
    unique_by=lambda one: one.entrant,
)


def test_those_never_stopped_come_first_then_those_with_fewest_batches_then_the_earlier() -> None:
    candidates = [
        candidate(1, stopped=True),
        candidate(2, batches=10),
        candidate(4),
        candidate(3),
        candidate(5, stopped=True, batches=10),
    ]
    assert blocks(choose(candidates, 9)) == [3, 4, 2, 1, 5]


def test_a_round_has_only_so_many_places() -> None:
    assert blocks(choose(map(candidate, range(5)), 2)) == [0, 1]
    assert choose([], 2) == ()


def test_every_owners_first_comes_before_any_owners_second() -> None:
    flood = [candidate(block, "flooder") for block in range(40)]
    others = [candidate(50, "ada", stopped=True), candidate(51, "ada", batches=9), candidate(52, "bob", batches=10)]
    assert blocks(choose(flood + others, 4)) == [0, 51, 52, 1]
    assert 50 in blocks(choose(flood + others, 5))


@given(candidates=CANDIDATES, places=st.integers(0, 40), order=st.randoms(use_true_random=False))
def test_the_order_of_submissions_changes_nothing(candidates: list[Candidate], places: int, order: object) -> None:
    expected = choose(candidates, places)
    order.shuffle(candidates)  # type: ignore[attr-defined]
    assert choose(candidates, places) == expected
    assert len(set(expected)) == len(expected) == min(places, len(candidates))
    assert expected == choose(candidates, 40)[:places]


@given(candidates=CANDIDATES, flood=st.integers(1, 40))
def test_a_flood_of_one_owner_moves_nobody_elses_first_by_more_than_a_place(
    candidates: list[Candidate], flood: int
) -> None:
    added = [candidate(2_000 + n, "flooder") for n in range(flood)]
    before = list(choose(candidates, 99))
    after = list(choose(candidates + added, 99))
    seen: set[str] = set()
    owners = {one.entrant: one.coldkey for one in candidates}
    for place, entrant in enumerate(before):
        if owners[entrant] not in seen:
            assert after.index(entrant) <= place + 1
        seen.add(owners[entrant])
