"""The queue: which challengers a round scores, by rule and not by what a machine happens to manage."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from competitions.season import Entrant


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A challenger that may play: whether it was ever stopped, and how many batches it has shared with the champion."""

    entrant: Entrant
    coldkey: str
    stopped: bool
    batches: int


def choose(candidates: Iterable[Candidate], places: int) -> tuple[Entrant, ...]:
    """The challengers of a round, first to be scored first; the order in which they are given changes nothing.

    Never stopped first, then fewest batches, then earlier commit; and every coldkey's first before any coldkey's
    second, so that forty registrations of one owner delay no other owner's first by more than one place.
    """
    turns: Counter[str] = Counter()
    places_in_line = []
    for one in sorted(candidates, key=lambda one: (one.stopped, one.batches, one.entrant)):
        places_in_line.append((turns[one.coldkey], one.stopped, one.batches, one.entrant))
        turns[one.coldkey] += 1
    return tuple(entrant for *_, entrant in sorted(places_in_line)[:places])
