"""Scores all models of a rehearsal in one walled worker, replaced after any failure: starting one takes seconds.

The walls and limits are those of `evals.isolated`, which gives every full model of a stranger a worker of its own. A
rehearsal's attackers are scripted, so what one model might leave behind in a worker for the next is no danger here.
"""

import shutil
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from finetune.errors import FinetuneError
from finetune.evals.handle import Limits, Worker
from finetune.evals.port import Folders
from finetune.evals.runtime import DType
from finetune.evals.wire import Job
from finetune.isolation.level import Level
from finetune.streams.sample import AnySample


class SharedWorker:
    """A `Scorer` behind the walls of `level`. It owns its worker: use it in a `with`.

    The worker reads nothing but `shelf`, a folder of this scorer's own, to which each model is copied for its turn.
    """

    def __init__(self, shelf: Path, *, level: Level, limits: Limits) -> None:
        """Nothing is started yet."""
        self._shelf, self._level, self._limits = shelf, level, limits
        self._worker: Worker | None = None

    @property
    def isolation(self) -> str:
        """The level, as reports name it."""
        return self._level.value

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, AnySample]], *, sequence_length: int, dtype: DType
    ) -> Generator[float, None, None]:
        """The loss of each (method, sample), in order; see `Scorer`. Raises `ScoringError`, `ScorerUnavailable`."""
        with self._on_shelf(folders) as copied:
            if self._worker is None:
                self._worker = Worker(self._shelf, None, level=self._level, device="cpu", limits=self._limits)
            try:
                self._worker.open(Job(folders=copied, items=items, sequence_length=sequence_length, dtype=dtype))
                for _ in items:
                    yield self._worker.next_loss()
            except GeneratorExit:
                # The caller wants no more of them, and the worker waits to be asked: it is sound.
                self._end_job()
                raise
            except BaseException:
                self.close()
                raise
            self._end_job()

    def close(self) -> None:
        """End the worker, if there is one, with everything it started."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end_job(self) -> None:
        """Make the worker ready for the next job, or end it: all losses of this one are known."""
        if self._worker is not None:
            try:
                self._worker.close()
            except FinetuneError:
                self.close()

    @contextmanager
    def _on_shelf(self, folders: Folders) -> Iterator[Folders]:
        """The same folders where the worker can read them."""
        places = {one: self._shelf / one.name for one in (folders.model, folders.base, folders.tokenizer) if one}
        try:
            for folder, place in places.items():
                shutil.copytree(folder, place, dirs_exist_ok=True)
            yield Folders(
                model=places[folders.model],
                base=places[folders.base] if folders.base else None,
                tokenizer=places[folders.tokenizer] if folders.tokenizer else None,
            )
        finally:
            for place in places.values():
                shutil.rmtree(place, ignore_errors=True)
