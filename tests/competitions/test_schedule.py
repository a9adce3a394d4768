from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.competition import Competition
from competitions.epsilon import Epsilon
from competitions.files import CatalogError
from competitions.schedule import NOTICE_BLOCKS, Catalog, check_change, load_catalog

TINY = (Path(__file__).parents[2] / "competitions" / "rehearsal" / "tiny.toml").read_text("utf-8")


@pytest.fixture(scope="session")
def running(tiny: Competition) -> Callable[..., Competition]:
    """Makes a competition that has all of the reward and a cadence of 20 blocks, unless it is told otherwise."""

    def make(
        id: int = 1, first: int = 0, last: int | None = None, *, reward: float = 1.0, step: int = 20
    ) -> Competition:
        cadence = replace(tiny.round, sync_blocks=step)
        return replace(tiny, id=id, first_block=first, last_block=last, reward=reward, round=cadence)

    return make


def span(id: int, first: int, last: int | None, reward: float = 1.0, step: int = 20) -> str:
    """The text of a competition file."""
    text = TINY.replace("id = 1", f"id = {id}").replace("reward = 1.0", f"reward = {reward}")
    text = text.replace("sync_blocks = 20", f"sync_blocks = {step}")
    return text.replace("first_block = 0", f"first_block = {first}" + (f"\nlast_block = {last}" if last else ""))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            [span(1, 0, None, 0.5), span(1, 0, None, 0.5)],
            "id: two competitions share an id from block 0 on: [1, 1]; allowed is one each",
        ),
        (
            [span(1, 0, 99), span(1, 99, None)],
            "id: two competitions share an id from block 99 on: [1, 1]; allowed is one each",
        ),
        (
            [span(1, 0, None, 0.5), span(2, 0, None, 0.4)],
            "reward: the shares of competitions [1, 2] from block 0 on sum to 0.9, allowed is a sum of 1",
        ),
        (
            [span(1, 0, None, 0.5), span(2, 0, 99, 0.5)],
            "reward: the shares of competitions [1] from block 100 on sum to 0.5, allowed is a sum of 1",
        ),
        (
            [span(1, 0, None, 0.5), span(2, 50, None, 0.5)],
            "reward: the shares of competitions [1] from block 0 on sum to 0.5, allowed is a sum of 1",
        ),
        (
            [span(1, 0, 99), span(2, 101, None)],
            "reward: the shares of competitions [] from block 100 on sum to 0, allowed is a sum of 1",
        ),
        (
            [span(1, 0, None, 0.5, 20), span(2, 0, None, 0.5, 30)],
            "round.sync_blocks: found [20, 30], allowed is one value for all competitions",
        ),
    ],
    ids=["two ids", "an overlap", "too little", "an end", "a beginning", "a gap", "two cadences"],
)
def test_a_folder_whose_files_do_not_fit_is_one_error_that_names_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[str], said: str
) -> None:
    for n, text in enumerate(files):
        (tmp_path / f"{n}.toml").write_text(text, "utf-8")
    with pytest.raises(CatalogError) as caught:
        load_catalog(tmp_path)
    assert str(caught.value) == f"{tmp_path}: {said}"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CatalogError) as caught:
        load_catalog(Path())
    assert str(caught.value) == f".: {said}"


def test_a_folder_without_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to load", "utf-8")
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CatalogError, match=r"no competition file \(\*\.toml\) in there"):
            load_catalog(folder)
    with pytest.raises(CatalogError, match="at least one competition"):
        Catalog(())


def test_one_wrong_file_among_good_ones_is_named(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(span(1, 0, None), "utf-8")
    (tmp_path / "wrong.toml").write_text(span(2, -1, None), "utf-8")
    with pytest.raises(CatalogError) as caught:
        load_catalog(tmp_path)
    assert str(caught.value) == f"{tmp_path}/wrong.toml: first_block: found -1, allowed is at least 0"


def test_spans_that_follow_each_other_fit_and_the_end_may_leave_nothing(running: Callable[..., Competition]) -> None:
    catalog = Catalog((running(1, 100, 199), running(1, 200, 299), running(2, 300, 399)))
    assert catalog.edges == (100, 200, 300, 400)
    assert [[one.id for one in catalog.at(block)] for block in (99, 100, 299, 300, 399, 400)] == [
        [],
        [1],
        [1],
        [2],
        [2],
        [],
    ]


def test_the_last_sync_block_is_a_multiple_of_the_cadence(running: Callable[..., Competition]) -> None:
    catalog = Catalog((running(first=100, last=199),))
    assert [catalog.sync_block(block) for block in (99, 100, 119, 120, 199, 200)] == [None, 100, 100, 120, 180, None]


def test_no_round_has_a_sync_block_from_before_the_first_competition(running: Callable[..., Competition]) -> None:
    catalog = Catalog((running(first=110),))
    assert [catalog.sync_block(block) for block in (110, 119, 120)] == [None, None, 120]


def test_competitions_take_turns_by_sync_block_in_the_order_of_their_ids(running: Callable[..., Competition]) -> None:
    catalog = Catalog((running(7, reward=0.25), running(2, reward=0.5), running(5, reward=0.25)))
    assert [catalog.turn(sync).id for sync in range(0, 120, 20)] == [2, 5, 7, 2, 5, 7]


@given(after=st.integers(0, 500), length=st.integers(0, 300))
def test_the_turns_between_two_blocks_are_the_rounds_that_begin_after_the_first_up_to_the_second(
    running: Callable[..., Competition], after: int, length: int
) -> None:
    catalog = Catalog((running(1, 50, 249), running(2, 250, None, reward=0.5), running(3, 250, None, reward=0.5)))
    until = after + length
    for id in (1, 2, 3):
        begun = [sync for sync in range(60, until + 1, 20) if sync > after and catalog.turn(sync).id == id]
        assert catalog.turns_between(id, after, until) == len(begun)


def test_the_fingerprint_is_of_the_values_and_not_of_their_spelling_or_order(tmp_path: Path) -> None:
    def fingerprint(**files: str) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for name, text in files.items():
            (folder / f"{name}.toml").write_text(text, "utf-8")
        return load_catalog(folder).fingerprint

    one, other = span(1, 0, None, 0.5), span(2, 0, None, 0.5)
    plain = fingerprint(a=one, b=other)
    assert plain == fingerprint(a=other, z=one + "\n# a comment\n")
    assert plain == fingerprint(a=one.replace("0.05", "5e-2"), b=other.replace("2_000_000", "2000000"))
    assert plain != fingerprint(a=one.replace("0.05", "0.051"), b=other)
    assert plain != fingerprint(a=one, b=other + "options = { words = 5 }\n")


LATER = NOTICE_BLOCKS + 1_000  # the first block at which a change known at block 1,000 may take effect


@pytest.mark.parametrize(
    ("end", "begin", "first"),
    [
        (LATER - 1, LATER, None),
        (LATER + 5, LATER + 6, None),
        (LATER - 2, LATER - 1, LATER - 1),
        (1_000, 1_001, 1_001),
        (999, 1_000, 1_000),
        (900, 901, 1_000),
    ],
)
def test_a_change_takes_effect_a_day_of_blocks_ahead_at_the_earliest(
    running: Callable[..., Competition], end: int, begin: int, first: int | None
) -> None:
    old = Catalog((running(),))
    changed = replace(running(first=begin), epsilon=Epsilon(start=0.04, end=0.01, decay_blocks=1))
    new = Catalog((running(last=end), changed))
    if first is None:
        check_change(old, new, 1_000)
    else:
        with pytest.raises(CatalogError, match=f"takes effect at block {first}, allowed is block {LATER} or later"):
            check_change(old, new, 1_000)


@pytest.mark.parametrize(
    ("old_end", "new_end", "first"),
    [
        (None, LATER - 1, None),
        (LATER - 1, None, None),
        (LATER + 10, LATER + 20, None),
        (1_500, 1_500, None),
        (None, LATER - 2, LATER - 1),
        (LATER - 2, None, LATER - 1),
        (1_500, None, 1_501),
        (None, 1_500, 1_501),
    ],
)
def test_a_last_block_may_move_only_beyond_the_notice(
    running: Callable[..., Competition], old_end: int | None, new_end: int | None, first: int | None
) -> None:
    old, new = (Catalog((running(last=end),)) for end in (old_end, new_end))
    if first is None:
        check_change(old, new, 1_000)
    else:
        with pytest.raises(CatalogError, match=f"takes effect at block {first}, "):
            check_change(old, new, 1_000)


def test_what_is_over_may_leave_the_catalog_and_what_runs_may_not_be_edited(
    running: Callable[..., Competition],
) -> None:
    old = Catalog((running(1, 0, 999), running(2, 1_000)))
    check_change(old, Catalog((running(2, 1_000),)), 1_000)
    edited = replace(running(2, 1_000), judge=replace(old.competitions[1].judge, alpha=0.01))
    with pytest.raises(CatalogError, match="takes effect at block 1000"):
        check_change(old, Catalog((running(1, 0, 999), edited)), 1_000)
