"""Rounds: many validators' accounts of the same rounds -> one account each to tell, the one with most stake behind it.

Nobody's word is taken for everybody's: the others' accounts stay beside the told one, for `trust` to compare.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from competitions.batches import batch_losses
from competitions.competition import Competition
from competitions.season import Season, season_start
from finetune.board.record import Account, Record


@dataclass(frozen=True, kw_only=True)
class Round:
    """A round of one competition: the account that the page tells, and all accounts of it."""

    told: Account
    accounts: tuple[Account, ...]

    @property
    def record(self) -> Record:
        """The record that the page tells."""
        return self.told.record

    @property
    def sync(self) -> int:
        """The round's sync block."""
        return self.record.sync

    @property
    def competition(self) -> Competition:
        """The competition as it stood in that round."""
        return self.record.competition


def collate(accounts: Iterable[Account], stakes: Mapping[str, float]) -> tuple[Round, ...]:
    """The rounds in order of their sync blocks, up to the newest that half of the reporting stake has reported.

    Of several outcomes of one round the one with most stake behind it is told, by the validator with most stake.
    `stakes` are by hotkey; where no reporter has any, all count alike.
    """
    by_sync: dict[int, list[Account]] = defaultdict(list)
    for account in accounts:
        by_sync[account.record.sync].append(account)
    reporters = {one.validator for each in by_sync.values() for one in each}
    weight = {one: stakes.get(one, 0.0) for one in reporters}
    if not sum(weight.values()):
        weight = dict.fromkeys(reporters, 1.0)

    def backing(found: Iterable[Account]) -> float:
        return sum(weight[one.validator] for one in found)

    settled = [sync for sync, found in by_sync.items() if 2 * backing(found) >= sum(weight.values())]
    return tuple(_round(by_sync[sync], weight) for sync in sorted(by_sync) if settled and sync <= max(settled))


def _round(accounts: Sequence[Account], weight: Mapping[str, float]) -> Round:
    """One round: of all outcomes the one with most stake; the smaller hotkey of equals."""
    ordered = sorted(accounts, key=lambda one: (-weight[one.validator], one.validator))
    backing: dict[tuple[int, str], float] = defaultdict(float)
    for one in ordered:
        backing[outcome(one.record)] += weight[one.validator]
    best = max(backing.values())
    return Round(told=next(one for one in ordered if backing[outcome(one.record)] == best), accounts=tuple(ordered))


def outcome(record: Record) -> tuple[int, str]:
    """What a round decided: whose seat it was about, and who holds it now."""
    return record.competition.id, record.champion.after


def season_of(rounds: Sequence[Round]) -> Season:
    """The season's losses per batch as told by the rounds of one competition, the newest round's season."""
    newest = rounds[-1]
    start = season_start(newest.competition, newest.sync)
    return Season(
        {
            one.sync: {
                key: batch_losses(scored.samples, one.competition.round.batch_size)
                for key, scored in one.told.losses.items()
            }
            for one in rounds
            if one.sync >= start
        },
        {key: one.sync for one in rounds for key in one.told.losses},
    )
