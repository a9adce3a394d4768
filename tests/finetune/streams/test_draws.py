"""Draws: the same choices from the same seed, for ever."""

from collections import Counter

import pytest

from finetune.streams.draws import Draws

SEED = bytes(range(32))


def test_the_numbers_of_a_seed_never_change():
    draws = Draws(SEED)
    assert [draws.below(1000) for _ in range(5)] == [668, 353, 893, 452, 710]


def test_another_seed_gives_other_numbers():
    first, second = Draws(SEED), Draws(bytes(32))
    assert [first.below(2**32) for _ in range(4)] != [second.below(2**32) for _ in range(4)]


def test_every_number_below_the_bound_is_drawn_about_equally_often():
    draws = Draws(SEED)
    counts = Counter(draws.below(5) for _ in range(5000))
    assert sorted(counts) == [0, 1, 2, 3, 4]
    assert all(900 < count < 1100 for count in counts.values())


def test_distinct_options_are_different_and_come_in_every_order():
    draws = Draws(SEED)
    assert {tuple(draws.distinct("abc", 2)) for _ in range(200)} == {(x, y) for x in "abc" for y in "abc" if x != y}
    assert sorted(draws.distinct("abc", 3)) == ["a", "b", "c"]


def test_drawing_leaves_the_options_alone():
    options = ["a", "b", "c"]
    Draws(SEED).distinct(options, 3)
    assert options == ["a", "b", "c"]


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_seed_of_another_length_is_refused(length: int):
    with pytest.raises(ValueError, match=f"this one has {length}"):
        Draws(bytes(length))


@pytest.mark.parametrize("bound", [0, -1, 2**48])
def test_a_bound_out_of_range_is_refused(bound: int):
    with pytest.raises(ValueError, match="bound"):
        Draws(SEED).below(bound)


def test_more_distinct_ones_than_there_are_is_refused():
    with pytest.raises(ValueError, match="4 different ones of 3"):
        Draws(SEED).distinct("abc", 4)
