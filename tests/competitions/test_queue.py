from collections.abc import Callable
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.queue import Candidate, choose, waits_since
from competitions.season import Entrant, Season


def candidate(
    block: int,
    coldkey: str = "",
    *,
    since: int | None = None,
    stopped: bool = False,
    batches: int = 0,
    lowered: int = 0,
) -> Candidate:
    """A candidate named by its block, waiting since then and of a coldkey of its own unless others are given."""
    return Candidate(
        entrant=Entrant(block=block, key=f"5H@{block}"),
        coldkey=coldkey or f"5C{block}",
        since=block if since is None else since,
        stopped=stopped,
        batches=batches,
        lowered=lowered,
    )


def blocks(chosen: tuple[Entrant, ...]) -> list[int]:
    return [one.block for one in chosen]


CANDIDATES = st.lists(
    st.builds(
        candidate,
        st.integers(0, 1_000),
        st.sampled_from(["x", "y", "z", ""]),
        since=st.sampled_from([None, 1_000, 1_360]),
        stopped=st.booleans(),
        batches=st.sampled_from([0, 10, 240]),
        lowered=st.sampled_from([0, 0, 360]),
    ),
    max_size=30,
    unique_by=lambda one: one.entrant,
)


def test_a_submission_waits_since_its_commit_and_anew_since_each_round_that_scored_it() -> None:
    one, again = Entrant(block=100, key="5H@100"), Entrant(block=900, key="5H@900")
    loss = np.ones(1)
    season = Season({360: {"5H@100": loss}, 720: {"5H@100": loss}, 1_080: {"5X@4": loss}})
    assert waits_since(one, Season({})) == 100
    assert waits_since(one, season) == 720
    assert waits_since(again, season) == 900, "a new commitment goes to the end of the line"
    assert waits_since(one, Season({}, {"5H@100": 720})) == 720, "a new season forgets no turn"


def test_who_has_waited_longest_comes_first() -> None:
    candidates = [candidate(1, since=700), candidate(2), candidate(3, since=300, stopped=True), candidate(4, since=500)]
    assert blocks(choose(candidates, 9)) == [2, 3, 4, 1]


def test_of_those_scored_last_in_the_same_round_never_stopped_then_fewest_batches_then_the_earlier_come_first() -> None:
    candidates = [
        candidate(1, since=360, stopped=True),
        candidate(2, since=360, batches=10),
        candidate(4, since=360),
        candidate(3, since=360),
        candidate(5, since=360, stopped=True, batches=10),
    ]
    assert blocks(choose(candidates, 9)) == [3, 4, 2, 1, 5]


def test_a_round_has_only_so_many_places() -> None:
    assert blocks(choose(map(candidate, range(5)), 2)) == [0, 1]
    assert choose([], 2) == ()


def test_every_owners_first_comes_before_any_owners_second() -> None:
    flood = [candidate(block, "flooder") for block in range(40)]
    others = [candidate(50, "ada", since=360), candidate(51, "ada", since=720), candidate(52, "bob", since=720)]
    assert blocks(choose(flood + others, 4)) == [0, 50, 52, 1]
    assert blocks(choose(flood + others, 5)) == [0, 50, 52, 1, 51]


@given(candidates=CANDIDATES, places=st.integers(0, 40), order=st.randoms(use_true_random=False))
def test_the_order_of_submissions_changes_nothing(candidates: list[Candidate], places: int, order: object) -> None:
    expected = choose(candidates, places)
    order.shuffle(candidates)  # type: ignore[attr-defined]
    assert choose(candidates, places) == expected
    assert len(set(expected)) == len(expected) == min(places, len(candidates))
    assert expected == choose(candidates, 40)[:places]


@given(candidates=CANDIDATES, flood=st.integers(1, 40), coldkeys=st.integers(1, 40))
def test_what_comes_later_moves_no_owners_first(candidates: list[Candidate], flood: int, coldkeys: int) -> None:
    added = [candidate(2_000 + n, f"flooder {n % coldkeys}") for n in range(flood)]
    before, after = (list(choose(some, 99)) for some in (candidates, candidates + added))
    owners = {one.entrant: one.coldkey for one in candidates}
    seen: set[str] = set()
    for place, entrant in enumerate(before):
        if owners[entrant] not in seen:
            assert after.index(entrant) == place
        seen.add(owners[entrant])


def test_a_lowered_one_gives_way_to_all_who_came_up_to_a_round_later() -> None:
    candidates = [candidate(1, lowered=360), candidate(2), candidate(3, since=360), candidate(361), candidate(362)]
    assert blocks(choose(candidates, 9)) == [2, 3, 361, 1, 362]


# Floods, round after round: 4 places, a round every 360 blocks, and whoever is scored may play on

PLACES, SYNC_BLOCKS, ROUNDS = 4, 360, 60
HONEST = {f"honest {number}": 100 + number for number in range(10)}  # hotkey: block of its commit

# Keys (hotkey: coldkey and block of its newest commit) as they stand in a round, given those of the round before.
Flood = Callable[[int, dict[str, tuple[str, int]]], dict[str, tuple[str, int]]]


def recommitting(keys: int, coldkeys: int) -> Flood:
    """Keys that were there first, and commit anew before every round."""
    return lambda number, _: {
        f"flood {key}": (f"flooder {key % coldkeys}", max(0, (number - 1) * SYNC_BLOCKS + 1)) for key in range(keys)
    }


def registering(each_round: int, most: int) -> Flood:
    """New keys with new coldkeys in every round; the oldest leave the subnet when there are too many."""

    def act(number: int, before: dict[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
        new = {f"flood {number}.{key}": (f"flooder {number}.{key}", number * SYNC_BLOCKS) for key in range(each_round)}
        return dict(list((before | new).items())[-most:])

    return act


def longest_waits(flood: Flood) -> dict[str, int]:
    """The most rounds that each honest hotkey waits for its next place, the first included."""
    season: dict[int, dict[str, np.ndarray]] = {}
    waits, longest = dict.fromkeys(HONEST, 0), dict.fromkeys(HONEST, 0)
    keys: dict[str, tuple[str, int]] = {}
    for number in range(1, ROUNDS + 1):
        keys = flood(number, keys)
        standing = keys | {hotkey: (hotkey, block) for hotkey, block in HONEST.items()}
        candidates = []
        for hotkey, (coldkey, block) in standing.items():
            entrant = Entrant(block=block, key=f"{hotkey}@{block}")
            since = waits_since(entrant, Season(season))
            candidates.append(Candidate(entrant=entrant, coldkey=coldkey, since=since, stopped=False, batches=0))
        chosen = choose(candidates, PLACES)
        season[number * SYNC_BLOCKS] = {one.key: np.ones(1) for one in chosen}
        scored = {one.hotkey for one in chosen}
        for hotkey in HONEST:
            waits[hotkey] = 0 if hotkey in scored else waits[hotkey] + 1
            longest[hotkey] = max(longest[hotkey], waits[hotkey] + 1)
    return longest


@pytest.mark.parametrize(
    ("flood", "others"),
    [
        (recommitting(keys=0, coldkeys=1), 0),
        (recommitting(keys=16, coldkeys=16), 16),
        (recommitting(keys=40, coldkeys=40), 40),
        (recommitting(keys=40, coldkeys=1), 1),
        (registering(each_round=4, most=40), 40),
        (registering(each_round=20, most=40), 40),
    ],
    ids=[
        "nobody",
        "16 keys commit anew every round",
        "40 coldkeys commit anew every round",
        "40 keys of one coldkey commit anew",
        "as many new keys as places, every round",
        "many more new keys than places",
    ],
)
def test_every_honest_challenger_is_scored_again_once_all_who_wait_before_it_were(flood: Flood, others: int) -> None:
    """However long the flood goes on, nobody waits longer than the keys there are, at so many places a round, take."""
    bound = ceil((others + len(HONEST)) / PLACES)
    assert max(longest_waits(flood).values()) <= bound


def test_forty_keys_of_one_owner_take_one_place_a_round() -> None:
    alone = ceil(len(HONEST) / (PLACES - 1))
    assert max(longest_waits(recommitting(keys=40, coldkeys=1)).values()) <= alone
