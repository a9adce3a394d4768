"""The queue: which challengers a round scores, by rule and not by what a machine happens to manage."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from competitions.season import Entrant


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A challenger that may play: whether it was ever stopped, and how many batches it has shared with the champion.

    `lowered` are batches that it counts as having shared beyond those: a round's for one that is near an earlier
    submission (see `lineage`), none for others.
    """

    entrant: Entrant
    coldkey: str
    stopped: bool
    batches: int
    lowered: int = 0


def choose(candidates: Iterable[Candidate], places: int) -> tuple[Entrant, ...]:
    """The challengers of a round, first to be scored first; the order in which they are given changes nothing.

    Never stopped first, then fewest batches, then earlier commit; and every coldkey's first before any coldkey's
    second, so that forty registrations of one owner delay no other owner's first by more than one place. A lowered one
    is passed by everybody who has played at most a round more, and by nobody for ever: who plays gathers batches.
    """
    turns: Counter[str] = Counter()
    places_in_line = []
    for one in sorted(candidates, key=_own_place):
        places_in_line.append((turns[one.coldkey], *_own_place(one)))
        turns[one.coldkey] += 1
    return tuple(entrant for *_, entrant in sorted(places_in_line)[:places])


def _own_place(one: Candidate) -> tuple[bool, int, int, Entrant]:
    """The place but for the coldkey's turn. Of equals, those not lowered come first."""
    return one.stopped, one.batches + one.lowered, one.lowered, one.entrant
