"""What was recorded beside what was replayed: seats by round, shares by hotkey, and what cannot be known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from finetune.board.record import Account
from finetune.replay.replay import Gap, Replayed, replay
from finetune.replay.rules import Change, changed_rules, recorded_rules


@dataclass(frozen=True, kw_only=True)
class SeatAfter:
    """The keys of who held a competition's seat after its round and of who would have; what the latter rests on."""

    sync: int
    competition: int
    recorded: str
    replayed: str
    unknown: tuple[Gap, ...]


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a hotkey earned, and would have earned, as parts of all that was to be earned."""

    recorded: float
    replayed: float


@dataclass(frozen=True, kw_only=True)
class Shortened:
    """How many batches of a competition's rounds another task mix has left."""

    competition: int
    batches: int
    scored: int


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Reported rounds beside the same rounds by other rules.

    `differing` are the sync blocks of rounds that did not come out as recorded by the very rules they were played by:
    earlier reports are missing, and nothing from there on proves anything. `shares` and `repositories` are by hotkey;
    `owner` is the hotkey that what is burnt goes to.
    """

    validator: str
    differing: tuple[int, ...]
    shortened: tuple[Shortened, ...]
    seats: tuple[SeatAfter, ...]
    shares: Mapping[str, Share]
    repositories: Mapping[str, str]
    owner: str | None

    def as_table(self) -> dict[str, Any]:
        """All of it as plain values, for JSON."""
        return asdict(self)


def compare(accounts: Sequence[Account], change: Change) -> Comparison:
    """Play the rounds again by the rules they were played by and by others. Raises `SetupError`."""
    recorded = recorded_rules(accounts)
    rules = changed_rules(recorded, change)
    proof = replay(accounts, recorded, recorded)
    other = proof if rules == recorded else replay(accounts, recorded, rules)
    step = recorded.sync_blocks
    earned = shares_of(((one.record.sync, one.record.weights) for one in accounts), step)
    would_earn = shares_of(((one.sync, one.weights) for one in other), step)
    return Comparison(
        validator=accounts[0].validator,
        differing=tuple(one.sync for account, one in zip(accounts, proof, strict=True) if not _same(account, one)),
        shortened=tuple(
            Shortened(competition=one.id, batches=one.round.batches, scored=before.round.batches)
            for before, one in zip(recorded.competitions, rules.competitions, strict=True)
            if one.round.batches < before.round.batches
        ),
        seats=tuple(_seat_after(account, one) for account, one in zip(accounts, other, strict=True)),
        shares={
            hotkey: Share(recorded=earned.get(hotkey, 0.0), replayed=would_earn.get(hotkey, 0.0))
            for hotkey in sorted({*earned, *would_earn})
        },
        repositories={one.hotkey: one.payload.repository for account in accounts for one in account.record.submissions},
        owner=accounts[-1].record.owner,
    )


def _seat_after(account: Account, one: Replayed) -> SeatAfter:
    recorded = account.record.champion.after
    return SeatAfter(
        sync=one.sync, competition=one.competition, recorded=recorded, replayed=one.champion, unknown=one.gaps
    )


def _same(account: Account, one: Replayed) -> bool:
    """Whether the round came out as recorded: every seat, every weight."""
    seats = {name: seat.champion for name, seat in one.judgement.seats.items()}
    recorded = {name: seat.champion for name, seat in account.record.seats.after.items()}
    return seats == recorded and one.weights == account.record.weights


def shares_of(rounds: Iterable[tuple[int, Mapping[str, float]]], step: int) -> dict[str, float]:
    """The part of all blocks' reward that each hotkey gets if every validator sets these weights.

    `rounds` are (sync block, weights by hotkey), in order. Weights stand until the next round, the last for one round
    of `step` blocks; a round without any leaves those that stand. The sum is below 1 where none stood yet.
    """
    rows = list(rounds)
    ends = [*(sync for sync, _ in rows[1:]), rows[-1][0] + step]
    blocks: dict[str, float] = {}
    standing: Mapping[str, float] = {}
    for (sync, weights), end in zip(rows, ends, strict=True):
        standing = weights or standing
        for hotkey, weight in standing.items():
            blocks[hotkey] = blocks.get(hotkey, 0.0) + weight * (end - sync)
    return {hotkey: of_it / (ends[-1] - rows[0][0]) for hotkey, of_it in blocks.items()}
