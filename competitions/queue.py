"""The queue: which challengers a round scores, by rule and not by what a machine happens to manage.

It is a line: whoever has waited longest goes first. Nothing that is registered or committed later passes anybody, so
neither a flood of keys nor keys that commit anew every round can starve those who were there before.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from competitions.season import Entrant, Season


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A challenger that may play.

    `since` is the block since which it waits (see `waits_since`); `stopped` says whether it was ever stopped as behind
    the champion, `batches` how many it has shared with it. One that is near an earlier submission (see `lineage`) waits
    as if it had come `lowered` blocks later; 0 for others.
    """

    entrant: Entrant
    coldkey: str
    since: int
    stopped: bool
    batches: int
    lowered: int = 0


def waits_since(entrant: Entrant, season: Season) -> int:
    """The block since which a submission waits: that of its commit, or of the last round that scored it, in any season.

    A hotkey that commits again has a new submission, which goes to the end of the line.
    """
    before = season.last_scored.get(entrant.key, 0)
    return max((entrant.block, before, *(sync for sync, losses in season.rounds.items() if entrant.key in losses)))


def choose(candidates: Iterable[Candidate], places: int) -> tuple[Entrant, ...]:
    """The challengers of a round, first to be scored first; the order in which they are given changes nothing.

    Who has waited longest comes first; of those who were last scored in the same round, never stopped first, then
    fewest batches, then earlier commit. Every coldkey's first comes before any coldkey's second.

    Worked example: with 16 places and all 255 other keys of a subnet waiting before it, a coldkey's first is scored in
    the 16th round at the latest, its second a round later. That holds whatever anybody registers or commits meanwhile:
    who was scored or commits again stands behind it.
    """
    turns: Counter[str] = Counter()
    line = []
    for one in sorted(candidates, key=_own_place):
        line.append((turns[one.coldkey], *_own_place(one)))
        turns[one.coldkey] += 1
    return tuple(entrant for *_, entrant in sorted(line)[:places])


def _own_place(one: Candidate) -> tuple[int, int, bool, int, Entrant]:
    """The place but for the coldkey's turn. Of those that waited equally long, those not lowered come first."""
    return one.since + one.lowered, one.lowered, one.stopped, one.batches, one.entrant
