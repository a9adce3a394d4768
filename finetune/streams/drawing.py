"""Draws a round's samples, in the order of its plan: the same seed gives everybody the same. It knows no chain."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from competitions.batches import plan
from competitions.competition import Competition, Task
from competitions.seeds import draw_seed
from finetune.chain.port import BLOCK_SECONDS
from finetune.errors import StreamError
from finetune.streams.registry import OpenStream
from finetune.streams.sample import AnySample
from finetune.streams.sources import Window

# A source so small that most draws repeat a document cannot fill a round; after this many draws for every sample
# wanted, say so instead of drawing for ever.
_DRAWS_PER_SAMPLE = 20


@dataclass(frozen=True, kw_only=True)
class TaskSample:
    """A sample with the task it belongs to."""

    task: Task
    sample: AnySample


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """The samples of a round, in the order they are scored, and the rows that were passed over by rule.

    `skipped` counts them by task and reason, for the tasks that read what others wrote.
    """

    samples: tuple[TaskSample, ...]
    skipped: Mapping[str, Mapping[str, int]]


@runtime_checkable
class _Skips(Protocol):
    """A stream that reads what others wrote, and counts what it passes over."""

    skipped: Mapping[str, int]


def round_window(competition: Competition, sync: int, time: float) -> Window:
    """The time that a round may draw from: what it draws, no entrant could have trained on.

    `time` is the sync block's, in Unix seconds.
    """
    return Window(start=time - competition.round.eval_delay * BLOCK_SECONDS, end=time, block=sync)


def draw_samples(competition: Competition, seed: bytes, open_stream: OpenStream, window: Window) -> Drawn:
    """Draw the samples of a round: `batch_size` of one task for every batch of the plan.

    Draw i of a task has a seed of its own; a document that this round has used already is passed over, since two
    batches of one document would share their luck. Raises `StreamError` when a source has too few documents.
    """
    streams = {task.name: open_stream(task.stream, task.options, window) for task in competition.tasks}
    used: dict[str, set[str]] = defaultdict(set)
    draws: dict[str, int] = defaultdict(int)
    samples = []
    most = _DRAWS_PER_SAMPLE * competition.round.batches * competition.round.batch_size
    for task in plan(competition):
        for _ in range(competition.round.batch_size):
            sample = None
            while sample is None or sample.document in used[task.stream]:
                if draws[task.name] >= most:
                    raise StreamError(
                        f"task {task.name}: stream {task.stream} has only {len(used[task.stream])} documents for "
                        f"{competition.round.batches} batches of {competition.round.batch_size}"
                    )
                sample = streams[task.name].draw(draw_seed(seed, competition.id, task.name, draws[task.name]))
                draws[task.name] += 1
            used[task.stream].add(sample.document)
            samples.append(TaskSample(task=task, sample=sample))
    skipped = {name: dict(stream.skipped) for name, stream in streams.items() if isinstance(stream, _Skips)}
    return Drawn(samples=tuple(samples), skipped=skipped)
