"""What a submission lacks to take the seat, and when it plays again, by the rules' functions. It writes no words."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from competitions.batches import Losses
from competitions.competition import Competition
from competitions.dethroning import dethrones
from competitions.duel import tally
from competitions.schedule import Catalog
from competitions.season import Entrant
from competitions.stopping import may_play

_MARGINS = 1_000  # a margin is told to a tenth of a percent


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What a submission lacks on the batches that it has shared with the champion, and when it plays.

    `batches` are those that the reports at hand hold of its duel with the champion; the next two are counted on them.
    `margin` is the share by which all its losses would have to be lower to take the seat on these very batches, None
    where not even perfect ones would: too few batches. `epsilon_block` is the first block at which epsilon alone, as it
    decays, would let them take it, None where it never does. `place` is its place in the line for the next round, 1 for
    the first, and `next_round` the sync block of the round that scores it as the line stands; None where none is told.
    `rests_until` is the first block at which a stopped one may play again, None for one that does not rest, or rests
    until the champion or the season changes.
    """

    batches: int = 0
    margin: float | None = None
    epsilon_block: int | None = None
    place: int | None = None
    next_round: int | None = None
    rests_until: int | None = None


def margin_of(champion: Losses, challenger: Losses, epsilon: float, competition: Competition) -> float | None:
    """As `Outlook` tells it, rounded up to a tenth of a percent; both losses are per shared batch."""

    def wins(thousandth: int) -> bool:
        lower = challenger * (1 - thousandth / _MARGINS)
        return dethrones(tally(champion, lower, epsilon=epsilon, floor=competition.judge.floor), competition)

    found = _first(_MARGINS, wins)
    return None if found is None else found / _MARGINS


def epsilon_block_of(
    champion: Losses, challenger: Losses, holder: Entrant, block: int, competition: Competition
) -> int | None:
    """As `Outlook` tells it, `block` at the earliest; both losses are per shared batch."""
    ended = max(holder.block + competition.epsilon.decay_blocks, block)

    def wins(blocks: int) -> bool:
        epsilon = competition.epsilon.at(block + blocks - holder.block)
        return dethrones(tally(champion, challenger, epsilon=epsilon, floor=competition.judge.floor), competition)

    found = _first(ended - block, wins)
    return None if found is None else block + found


def rests_until(
    champion: Losses,
    challenger: Losses,
    holder: Entrant,
    block: int,
    stopped_at: float,
    competition: Competition,
) -> int | None:
    """The first block from `block` on at which one that was stopped at an epsilon may play again.

    None where it may not before the champion or the season changes. Both losses are per shared batch.
    """
    ended = max(holder.block + competition.epsilon.decay_blocks, block)

    def may(blocks: int) -> bool:
        epsilon = competition.epsilon.at(block + blocks - holder.block)
        duel = tally(champion, challenger, epsilon=epsilon, floor=competition.judge.floor)
        return may_play(duel, stopped_at, epsilon, competition)

    found = _first(ended - block, may)
    return None if found is None else block + found


def next_round(catalog: Catalog, competition: int, after: int, *, rounds: int = 1) -> int | None:
    """The sync block of the competition's `rounds`-th round after a block; None where the catalog ends before."""
    step = catalog.sync_blocks
    sync = after - after % step
    while True:
        sync += step
        running = catalog.at(sync)
        if not any(one.id == competition for one in running):
            starts = [one.first_block for one in catalog.competitions if one.id == competition]
            begins = min((block for block in starts if block > sync), default=None)
            if begins is None:
                return None
            sync = begins + -begins % step - step  # the block before the first sync block from there on
        elif catalog.turn(sync).id == competition:
            rounds -= 1
            if not rounds:
                return sync


def _first(most: int, holds: Callable[[int], bool]) -> int | None:
    """The smallest number from 0 to `most` for which `holds` does, where it does for all above one; None for none."""
    if not holds(most):
        return None
    return bisect_left(range(most), True, key=holds)
