"""What a record tells, in the words of the validator's own stages, so that these can be asked again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from competitions.batches import Losses, batch_losses
from competitions.competition import Competition
from competitions.duel import Tally, tally
from competitions.season import Entrant, Season
from competitions.seat import Seat
from finetune.board.record import Account, Record, Unreadable
from finetune.validating.discover import Discovery
from finetune.validating.earlier import Earlier

NO_BATCHES = Tally(wins=0, losses=0, batches=0, champion_mean=np.inf, challenger_mean=np.inf)


def discovery_of(record: Record) -> Discovery:
    """What the round saw of the chain."""
    own = {one.key for one in record.submissions}
    return Discovery(
        sync=record.sync,
        time=record.time,
        tempo=record.tempo,
        seed=record.seed,
        owner_hotkey=record.owner,
        consensus=record.consensus,
        submissions=record.submissions,
        rejections={key: one for key, one in record.rejections.items() if key not in own},
        uids=record.uids,
    )


def earlier_of(record: Record) -> Earlier:
    """What the validator brought into the round. Raises `Unreadable` for a report of the first format."""
    if record.earlier is None:
        raise Unreadable("the report is of format 1, which does not tell what its decisions stand on")
    return record.earlier


def seat_of(record: Record) -> Seat:
    """The round's seat as the round began."""
    return record.seats.before[str(record.competition.id)]


def rivals_of(record: Record) -> tuple[Entrant, ...]:
    """All submissions to the round's competition but the champion's."""
    entrants = discovery_of(record).entrants(record.competition.id)
    return tuple(one for one in entrants if one != seat_of(record).champion)


def batches_of(account: Account, key: str) -> Losses:
    """An entrant's losses per batch of this round, shape (batches scored,); none where it was not scored."""
    if key not in account.losses:
        return np.empty(0)
    return batch_losses(account.losses[key].samples, account.record.competition.round.batch_size)


def round_tally(account: Account, champion: str, challenger: str) -> Tally:
    """The duel of two entrants over this round alone."""
    ours, theirs = batches_of(account, challenger), batches_of(account, champion)
    shared, record = min(len(ours), len(theirs)), account.record
    return tally(theirs[:shared], ours[:shared], epsilon=record.epsilon, floor=record.competition.judge.floor)


def added(first: Tally, second: Tally) -> Tally:
    """Two tallies of one duel as one; the means but for the last bits, which depend on the order of summing."""
    if not first.batches or not second.batches:
        return second if second.batches else first
    batches = first.batches + second.batches

    def mean(one: float, other: float) -> float:
        return (one * first.batches + other * second.batches) / batches

    return Tally(
        wins=first.wins + second.wins,
        losses=first.losses + second.losses,
        batches=batches,
        champion_mean=mean(first.champion_mean, second.champion_mean),
        challenger_mean=mean(first.challenger_mean, second.challenger_mean),
    )


@dataclass(frozen=True)
class ToldSeason(Season):
    """The season before the round as a record tells it: its duels with the champion, and when who was last scored."""

    duels: Mapping[str, Tally] = field(default_factory=dict)

    def duel(self, champion: Entrant, challenger: Entrant, competition: Competition, block: int) -> Tally:
        """The duel that the record tells; that it is the champion's, its reader sees to."""
        del champion, competition, block
        return self.duels.get(challenger.key, NO_BATCHES)
