"""Benchmark `worker`: what the walls around a stranger's model cost, beside scoring in this process."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from statistics import median

from finetune.benchmarks.material import chats
from finetune.benchmarks.result import Result
from finetune.benchmarks.setting import Setting
from finetune.evals.handle import Device
from finetune.evals.isolated import IsolatedScorer
from finetune.evals.port import Folders, Scorer
from finetune.evals.scorer import LocalScorer
from finetune.isolation.trial import find_level
from finetune.rehearsal.show import Show

SAMPLES, REPEATS = 16, 5
LOCAL, WALLED = "in this process", "walled worker"


def worker(setting: Setting, show: Show) -> Result:
    """Seconds until a model gives its first loss, and for the other ones, in this process and in a walled worker.

    Every scorer is a new one, so that the worker's start is in its first loss. Raises `SetupError` where no wall works.
    """
    device: Device = "cuda" if setting.device == "cuda" else "cpu"
    level = find_level()
    scorers: dict[str, Callable[[], AbstractContextManager[Scorer]]] = {
        LOCAL: lambda: nullcontext(LocalScorer(device=device)),
        WALLED: lambda: IsolatedScorer(level=level, device=device),
    }
    found: dict[str, list[tuple[float, float, list[float]]]] = {name: [] for name in scorers}
    # The first in this process imports what a worker imports before it says that it is ready.
    _score(setting, scorers[LOCAL])
    with show.stage("worker", setting.repeats * len(scorers)) as over:
        for turn in range(setting.repeats):
            for done, (name, scorer) in enumerate(scorers.items(), start=turn * len(scorers) + 1):
                found[name].append(_score(setting, scorer))
                over(name, done)
    local = found[LOCAL][-1][2]
    figures = {
        name: {
            "first_loss_seconds": median(first for first, _, _ in rounds),
            "other_losses_seconds": median(others for _, others, _ in rounds),
            "largest_difference": max(abs(one - other) for one, other in zip(rounds[-1][2], local, strict=True)),
        }
        for name, rounds in found.items()
    }
    return Result(benchmark="worker", about={**setting.about(), "isolation": level.value}, ways=figures)


def _score(setting: Setting, scorer: Callable[[], AbstractContextManager[Scorer]]) -> tuple[float, float, list[float]]:
    """Seconds until the first loss, seconds for the others, all losses."""
    items = [("reference", sample) for sample in chats(setting.documents, setting.samples, setting.seed)]
    began = time.perf_counter()
    with scorer() as ready:
        turns = ready.losses(
            Folders(model=setting.folder), items, sequence_length=setting.sequence_length, dtype=setting.dtype
        )
        losses = [next(turns)]
        first = time.perf_counter()
        losses.extend(turns)
        end = time.perf_counter()
    return first - began, end - first, losses
