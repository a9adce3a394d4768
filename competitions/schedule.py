"""The catalog: all competitions of a subnet over time: who runs when, whose turn a round is, what may change."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from competitions.competition import Competition
from competitions.files import CatalogError, read_competition

NOTICE_BLOCKS = 7_200  # blocks between a change becoming known and taking effect: one day of 12 s blocks


@dataclass(frozen=True)
class Catalog:
    """Competitions whose reward shares sum to 1 at every block from the first to the last.

    The same id may stand in several files for different spans of blocks: that is how a competition changes.
    Raises `CatalogError`.
    """

    competitions: tuple[Competition, ...]

    def __post_init__(self) -> None:
        if not self.competitions:
            raise CatalogError("a catalog needs at least one competition")
        steps = sorted({one.round.sync_blocks for one in self.competitions})
        if len(steps) > 1:
            raise CatalogError(f"round.sync_blocks: found {steps}, allowed is one value for all competitions")
        for block in self.edges:
            if self.at(block) or block != self.edges[-1]:  # after the last end there is nothing to share
                _check_span(block, self.at(block))

    @cached_property
    def edges(self) -> tuple[int, ...]:
        """The blocks at which a competition begins or has just ended, in order."""
        starts = {one.first_block for one in self.competitions}
        ends = {one.last_block + 1 for one in self.competitions if one.last_block is not None}
        return tuple(sorted(starts | ends))

    def at(self, block: int) -> tuple[Competition, ...]:
        """The competitions that run at the block, by id."""
        return tuple(sorted((one for one in self.competitions if one.runs_at(block)), key=lambda one: one.id))

    @property
    def sync_blocks(self) -> int:
        """Blocks from one round to the next: the same for all competitions, at all times."""
        return self.competitions[0].round.sync_blocks

    def sync_block(self, block: int) -> int | None:
        """The last sync block at or before the block, or None where no competition runs at it."""
        sync = block - block % self.sync_blocks
        return sync if self.at(sync) else None

    def turn(self, sync_block: int) -> Competition:
        """The competition whose round a sync block is, of those that run: they take turns in the order of their ids."""
        running = self.at(sync_block)
        return running[sync_block // self.sync_blocks % len(running)]

    def turns_between(self, competition: int, after: int, until: int) -> int:
        """How many rounds of a competition begin in (after, until]."""
        first = after - after % self.sync_blocks + self.sync_blocks
        rounds = (sync for sync in range(first, until + 1, self.sync_blocks) if self.at(sync))
        return sum(self.turn(sync).id == competition for sync in rounds)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every value of every competition, in hex; spelling and order of the files do not count."""
        values = sorted(json.dumps(asdict(one), sort_keys=True, default=str) for one in self.competitions)
        return hashlib.sha256("\n".join(values).encode()).hexdigest()


def load_catalog(folder: Path) -> Catalog:
    """Read every `*.toml` of a folder. Raises `CatalogError`."""
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise CatalogError(f"{folder}: no competition file (*.toml) in there")
    competitions = tuple(read_competition(path) for path in paths)
    try:
        return Catalog(competitions)
    except CatalogError as error:
        raise CatalogError(f"{folder}: {error}") from error


def check_change(old: Catalog, new: Catalog, block: int, *, notice: int = NOTICE_BLOCKS) -> None:
    """Refuse a change that takes effect sooner than `notice` blocks after `block`. Raises `CatalogError`."""
    for at in sorted({block, *(edge for edge in old.edges + new.edges if block < edge < block + notice)}):
        if _endless(old.at(at)) != _endless(new.at(at)):
            raise CatalogError(
                f"the change takes effect at block {at}, allowed is block {block + notice} or later: "
                "end the old file at a last_block and begin the new one after it"
            )


def _endless(running: tuple[Competition, ...]) -> list[Competition]:
    """The competitions without their last blocks: an end is a change at the block after it, which is an edge."""
    return [replace(one, last_block=None) for one in running]


def _check_span(block: int, running: tuple[Competition, ...]) -> None:
    """Check the competitions that run from an edge to the next one."""
    ids = [one.id for one in running]
    if len(set(ids)) < len(ids):
        raise CatalogError(f"id: two competitions share an id from block {block} on: {ids}; allowed is one each")
    total = sum(one.reward for one in running)
    if abs(total - 1) > 1e-9:
        raise CatalogError(
            f"reward: the shares of competitions {ids} from block {block} on sum to {total:g}, allowed is a sum of 1"
        )
