"""Reigns: who held a seat from which block to which, told by its changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from competitions.competition import Competition
from competitions.season import Entrant
from finetune.board.names import Names
from finetune.board.rounds import Round
from finetune.board.story import SeatChange


@dataclass(frozen=True, kw_only=True)
class Reign:
    """One holder of a seat, from block `since` until block `until`; the last reign lasts until the newest round."""

    key: str
    name: str
    since: int
    until: int
    how: str

    @property
    def blocks(self) -> int:
        """How long it lasted."""
        return self.until - self.since


def reigns(
    competition: Competition, holder: Entrant, changes: Sequence[SeatChange], rounds: Sequence[Round], names: Names
) -> tuple[Reign, ...]:
    """All reigns, oldest first. The first began when the competition did, or before the first of these reports."""
    if not rounds:
        return ()
    first = changes[0].former if changes else holder
    begin = competition.first_block if first.is_reference else rounds[0].sync
    holders = [(begin, first, "held it first"), *((one.block, one.holder, one.how) for one in changes)]
    ends = [block for block, _, _ in holders[1:]] + [rounds[-1].sync]
    return tuple(
        Reign(key=who.key, name=names.entrant(who.key), since=since, until=max(until, since), how=how)
        for (since, who, how), until in zip(holders, ends, strict=True)
    )
