from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from competitions.queue import Candidate, choose
from competitions.season import Entrant


def candidate(block: int, coldkey: str = "", *, stopped: bool = False, batches: int = 0, lowered: int = 0) -> Candidate:
    """A candidate named by its block, of a coldkey of its own unless one is given."""
    entrant = Entrant(block=block, key=f"5H@{block}")
    return Candidate(
        entrant=entrant, coldkey=coldkey or f"5C{block}", stopped=stopped, batches=batches, lowered=lowered
    )


def blocks(chosen: tuple[Entrant, ...]) -> list[int]:
    return [one.block for one in chosen]


CANDIDATES = st.lists(
    st.builds(
        candidate,
        st.integers(0, 1_000),
        st.sampled_from(["x", "y", "z", ""]),
        stopped=st.booleans(),
        batches=st.sampled_from([0, 10, 200]),
        lowered=st.sampled_from([0, 0, 200]),
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


def test_a_lowered_one_gives_way_to_all_who_have_played_a_round_or_less() -> None:
    candidates = [candidate(1, lowered=200), candidate(2, batches=199), candidate(3, batches=200), candidate(4)]
    assert blocks(choose([*candidates, candidate(5, batches=201)], 9)) == [4, 2, 3, 1, 5]


def test_a_lowered_one_still_comes_before_those_that_were_stopped_and_any_owners_second() -> None:
    candidates = [candidate(1, stopped=True), candidate(2, "ada", lowered=200), candidate(3, "ada", lowered=200)]
    assert blocks(choose(candidates, 9)) == [2, 1, 3]


def rounds_waited(candidates: list[Candidate], places: int, *, stops: set[int], batches: int = 200) -> dict[int, int]:
    """The rounds that each candidate waits for its first place, by block, where everybody may play on for ever.

    Those in `stops` are stopped after 11 batches and rest; the others are scored on all.
    """
    waited: dict[int, int] = {}
    waiting = {one.entrant.block: one for one in candidates}
    for number in range(50):
        for one in choose(waiting.values(), places):
            block = one.block
            waited.setdefault(block, number)
            if block in stops:
                del waiting[block]
            else:
                waiting[block] = replace(waiting[block], batches=waiting[block].batches + batches)
    return waited


def test_forty_registrations_of_one_owner_delay_nobody_and_are_all_reached() -> None:
    flood = [candidate(block, "flooder") for block in range(40)]
    honest = [candidate(block) for block in range(100, 110)]
    waited = rounds_waited(flood + honest, 4, stops=set())
    assert max(waited[one.entrant.block] for one in honest) <= rounds_waited(honest, 3, stops=set())[109]
    assert waited[0] == 0
    assert set(waited) == set(range(40)) | set(range(100, 110)), "and those of the flood wait for one another"


def test_near_copies_of_many_owners_delay_nobody_who_comes_with_a_model_of_its_own() -> None:
    copies = [candidate(block, lowered=200) for block in range(10)]
    honest = [candidate(block) for block in range(100, 106)]
    alone = rounds_waited(honest, 4, stops=set())
    waited = rounds_waited(copies + honest, 4, stops=set(range(10)))
    assert {block: waited[block] for block in alone} == alone
    assert max(waited[block] for block in range(10)) < 10, "and are all scored in the end"


def test_a_lowered_one_is_passed_for_a_while_and_starved_by_no_crowd() -> None:
    crowd = [candidate(block) for block in range(12)]
    waited = rounds_waited([candidate(200, lowered=200), *crowd], 4, stops=set())
    assert waited[200] == 6, "once each of the twelve has played two rounds"
