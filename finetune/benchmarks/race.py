"""Times several ways to do the same on the same items, in turns. It knows no model.

Other programs come and go on a shared machine, so the ways take turns after every few items, and a figure is the median
of ratios between ways that ran side by side, never a comparison of one minute with another.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Way(Generic[T]):
    """One way: `run` takes some items and gives a result for each; `at_once` is how many it is given at a time."""

    name: str
    run: Callable[[Sequence[T]], list[Any]]
    at_once: int = 1


@dataclass(frozen=True, kw_only=True)
class Times:
    """What one way took in each round, in seconds of the clock and of all processors, and its last results."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)


def race(
    ways: Sequence[Way[T]], items: Sequence[T], *, rounds: int, over: Callable[[str, int], None]
) -> dict[str, Times]:
    """Let each way do all items, in each of `rounds`; the order of the ways turns round from one to the next.

    Each does the first item once before, untimed. `over` is told what is being done and how many items are over, of
    `rounds` times `items`.
    """
    for way in ways:
        way.run(items[:1])
    found = {way.name: Times() for way in ways}
    for turn in range(rounds):
        for times in found.values():
            times.wall.append(0.0)
            times.processor.append(0.0)
            times.results.clear()
        for end in range(1, len(items) + 1):
            for way in ways if turn % 2 == 0 else reversed(ways):
                # What is left at the end is done too.
                if end % way.at_once == 0 or end == len(items):
                    _run(way, items[(end - 1) // way.at_once * way.at_once : end], found[way.name])
            over(f"round {turn + 1} of {rounds}", turn * len(items) + end)
    return found


def speeds(times: Times, reference: Times) -> dict[str, float]:
    """How many times as fast as `reference`: the median over the rounds, the lowest and the highest.

    `processor_speed` is the median of the ratios of processor time, which other programs disturb less.
    """
    ratios = [theirs / ours for ours, theirs in zip(times.wall, reference.wall, strict=True)]
    processor = [theirs / ours for ours, theirs in zip(times.processor, reference.processor, strict=True)]
    return {
        "speed": median(ratios),
        "speed_lowest": min(ratios),
        "speed_highest": max(ratios),
        "processor_speed": median(processor),
    }


def seconds(times: Times) -> dict[str, float]:
    """The median round, in seconds of the clock and of all processors together."""
    return {"seconds": median(times.wall), "processor_seconds": median(times.processor)}


def _run(way: Way[T], items: Sequence[T], times: Times) -> None:
    wall, processor = time.perf_counter(), time.process_time()
    results = way.run(items)
    times.wall[-1] += time.perf_counter() - wall
    times.processor[-1] += time.process_time() - processor
    times.results.extend(results)
