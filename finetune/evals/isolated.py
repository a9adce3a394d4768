"""Scores strangers' models in a worker process that is walled in, limited and replaced. It reads no model.

A worker serves one full model: the model itself, and the adapters over it. It is replaced when another full model
comes, and after any failure or limit, so that nothing a submission did reaches the figures of another one.
"""

import os
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Self

from finetune.errors import FinetuneError
from finetune.evals.handle import Device, Limits, Worker
from finetune.evals.port import Folders
from finetune.evals.runtime import DType
from finetune.evals.wire import Job
from finetune.isolation.level import Level
from finetune.streams.sample import AnySample

# An 8B model needs minutes to load and tens of minutes for a round, and 32 replies a quarter of an hour at the most.
SECONDS, ANSWER_SECONDS = 3600.0, 1000.0


def default_limits() -> Limits:
    """The limits that a validator sets where it has no reason for others: nine tenths of the machine's memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 9 // 10
    return Limits(seconds=SECONDS, answer_seconds=ANSWER_SECONDS, memory=memory)


class IsolatedScorer:
    """A `Scorer` behind the walls of `level`. It owns its worker: `close` it, or use it in a `with`."""

    def __init__(
        self,
        *,
        level: Level,
        device: Device = "cpu",
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is started yet."""
        self._level, self._device, self._clock = level, device, clock
        self._limits = limits or default_limits()
        self._worker: Worker | None = None
        self._serves: tuple[Path, Path | None] | None = None
        self.phase = ""  # what the last model that failed was doing

    @property
    def isolation(self) -> str:
        """The level, as reports name it."""
        return self._level.value

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, AnySample]], *, sequence_length: int, dtype: DType
    ) -> Generator[float, None, None]:
        """The loss of each (method, sample), in order; see `Scorer`. Raises `ScoringError`, `ScorerUnavailable`.

        Losses that came before a crash or a limit have been given already.
        """
        worker = self._worker_for(folders)
        try:
            with worker.within_reach(folders) as reachable:
                worker.open(Job(folders=reachable, items=items, sequence_length=sequence_length, dtype=dtype))
                for _ in items:
                    yield worker.next_loss()
        except GeneratorExit:
            # The caller wants no more of them, and the worker waits to be asked: it is sound.
            self._end_job(worker)
            raise
        except BaseException:
            self.phase = worker.phase
            self.close()
            raise
        self._end_job(worker)

    def close(self) -> None:
        """End the worker, if there is one, with everything it started."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end_job(self, worker: Worker) -> None:
        """Make the worker ready for the next job, or end it: all losses of this one are known."""
        if worker is self._worker:
            try:
                worker.close()
            except FinetuneError:
                self.close()

    def _worker_for(self, folders: Folders) -> Worker:
        """The worker of this full model and tokenizer: the one at hand, or a new one."""
        return self._the_worker(folders.base or folders.model, folders.tokenizer)

    def _the_worker(self, model: Path, tokenizer: Path | None) -> Worker:
        """The worker that reads these two folders: the one at hand, or a new one in its place."""
        serves = (model, tokenizer)
        if self._worker is None or self._serves != serves:
            self.close()
            self._serves = serves
            self._worker = Worker(
                *serves, level=self._level, device=self._device, limits=self._limits, clock=self._clock
            )
        return self._worker
