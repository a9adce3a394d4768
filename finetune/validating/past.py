"""Samples of a round that was over when an entrant was committed, for the leakage meter. They judge nobody.

Only generated tasks have them: past rounds of a dataset would have to be fetched again.
"""

from dataclasses import dataclass, replace

from competitions.batches import plan
from competitions.competition import Competition, Task
from competitions.leakage import PAST_SAMPLES
from competitions.schedule import Catalog
from competitions.season import Entrant
from finetune.chain.port import Chain
from finetune.streams.drawing import TaskSample, draw_samples
from finetune.streams.registry import OpenStream, is_remote
from finetune.streams.sources import Window

_NO_TIME = Window(start=0.0, end=0.0)  # generated streams need none


@dataclass(frozen=True, kw_only=True)
class Past:
    """An entrant's losses on samples of the round `sync`, in the order of `past_tasks`."""

    sync: int
    samples: tuple[float, ...]


def past_round(catalog: Catalog, competition: Competition, entrant: Entrant) -> int | None:
    """The competition's last round that an entrant could train on: as long before its commit as fresh data is after.

    None for the reference, and where the competition had no round then.
    """
    if entrant.is_reference:
        return None
    newest = entrant.block - competition.round.eval_delay
    for sync in range(newest - newest % catalog.sync_blocks, competition.first_block - 1, -catalog.sync_blocks):
        if sync > 0 and catalog.at(sync) and catalog.turn(sync) == competition:
            return sync
    return None


def past_tasks(competition: Competition) -> tuple[str, ...]:
    """The task of each past sample, shape (samples,); empty where no task is generated."""
    if not _generated(competition):
        return ()
    short = _shortened(competition)
    return tuple(task.name for task in plan(short) for _ in range(short.round.batch_size))


def past_samples(competition: Competition, sync: int, chain: Chain, open_stream: OpenStream) -> tuple[TaskSample, ...]:
    """The first samples of each generated task in the round at `sync`. Raises `ChainError`, `StreamError`."""
    if not _generated(competition):
        return ()
    return draw_samples(_shortened(competition), chain.block_hash(sync), open_stream, _NO_TIME).samples


def _generated(competition: Competition) -> tuple[Task, ...]:
    return tuple(one for one in competition.tasks if not is_remote(one.stream))


def _shortened(competition: Competition) -> Competition:
    """The competition with its generated tasks alone, and as many batches as the meter takes."""
    tasks = _generated(competition)
    total = sum(one.weight for one in tasks)
    batches = min(competition.round.batches, -(-PAST_SAMPLES // competition.round.batch_size))
    return replace(
        competition,
        tasks=tuple(replace(one, weight=one.weight / total) for one in tasks),
        round=replace(competition.round, batches=batches),
    )
