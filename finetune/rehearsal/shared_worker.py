"""Scores all models of a rehearsal in one walled worker, replaced after any failure: starting one takes seconds.

The walls and limits are those of `evals.isolated`, which gives every full model of a stranger a worker of its own. A
rehearsal's attackers are scripted, so what one model might leave behind in a worker for the next is no danger here.
"""

import shutil
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from finetune.evals.handle import Limits, Worker
from finetune.evals.isolated import IsolatedScorer
from finetune.evals.port import Folders
from finetune.evals.runtime import DType
from finetune.isolation.level import Level
from finetune.streams.sample import AnySample


class SharedWorker(IsolatedScorer):
    """Its worker reads nothing but `shelf`, a folder of its own, to which each model is copied for its turn."""

    def __init__(self, shelf: Path, *, level: Level, limits: Limits) -> None:
        """Nothing is started yet."""
        super().__init__(level=level, limits=limits)
        self._shelf = shelf

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, AnySample]], *, sequence_length: int, dtype: DType
    ) -> Generator[float, None, None]:
        """As its parent, over copies on the shelf."""
        with self._on_shelf(folders) as copied:
            losses = super().losses(copied, items, sequence_length=sequence_length, dtype=dtype)
            with closing(losses):
                yield from losses

    def _worker_for(self, _: Folders) -> Worker:
        """The one worker, whatever the model."""
        return self._the_worker(self._shelf, None)

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
