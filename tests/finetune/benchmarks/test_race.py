"""Turns, and the figures made of them."""

from collections.abc import Callable

import pytest

from finetune.benchmarks.race import Times, Way, race, seconds, speeds


def recorded(name: str, turns: list[tuple[str, list[int]]], at_once: int = 1) -> Way[int]:
    def run(items: list[int]) -> list[int]:
        turns.append((name, list(items)))
        return [item * 10 for item in items]

    return Way(name=name, run=run, at_once=at_once)


def ignore(*_: object) -> None:
    """Progress that nobody looks at."""


def test_ways_take_turns_after_as_many_items_as_they_take_at_once() -> None:
    turns: list[tuple[str, list[int]]] = []
    race([recorded("a", turns), recorded("b", turns, at_once=2)], [1, 2, 3], rounds=1, over=ignore)
    assert turns[:2] == [("a", [1]), ("b", [1])], "each does the first item once before"
    assert turns[2:] == [("a", [1]), ("a", [2]), ("b", [1, 2]), ("a", [3]), ("b", [3])]


def test_the_order_of_the_ways_turns_round_with_every_round() -> None:
    turns: list[tuple[str, list[int]]] = []
    race([recorded("a", turns), recorded("b", turns)], [1], rounds=3, over=ignore)
    assert "".join(name for name, _ in turns) == "ab" + "ab" + "ba" + "ab"


def test_there_is_one_result_an_item_and_one_time_a_round() -> None:
    found = race([recorded("a", [], at_once=2)], [1, 2, 3], rounds=4, over=ignore)["a"]
    assert found.results == [10, 20, 30]
    assert len(found.wall) == len(found.processor) == 4


def test_progress_ends_with_all_items_of_all_rounds() -> None:
    told: list[int] = []
    over: Callable[[str, int], None] = lambda _, units: told.append(units)  # noqa: E731
    race([recorded("a", [])], [1, 2], rounds=2, over=over)
    assert told == [1, 2, 3, 4]


def test_a_speed_is_the_median_of_ratios_within_rounds() -> None:
    plain = Times(wall=[10.0, 40.0, 12.0], processor=[10.0, 10.0, 10.0])
    ours = Times(wall=[5.0, 10.0, 12.0], processor=[5.0, 5.0, 10.0])
    assert speeds(ours, plain) == {
        "speed": 2.0,
        "speed_lowest": 1.0,
        "speed_highest": 4.0,
        "processor_speed": 2.0,
    }
    assert seconds(ours) == {"seconds": 10.0, "processor_seconds": 5.0}


def test_what_a_way_raises_is_not_hidden() -> None:
    def fail(_: object) -> list[int]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        race([Way(name="a", run=fail)], [1], rounds=1, over=ignore)
