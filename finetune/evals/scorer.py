"""Scores models in this process: for models that one made oneself. Strangers' belong in `isolated`."""

from collections.abc import Generator, Sequence

from finetune.evals.engine import Engine
from finetune.evals.port import Folders
from finetune.evals.runtime import DType, losses
from finetune.streams.sample import AnySample


class LocalScorer:
    """A `Scorer` on one device: "cpu", "cuda" or "mps"."""

    isolation = "none"

    def __init__(self, *, device: str = "cpu") -> None:
        """Nothing is loaded yet."""
        self._engine = Engine(device, self._enter)
        self.phase = ""  # what was begun last

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, AnySample]], *, sequence_length: int, dtype: DType
    ) -> Generator[float, None, None]:
        """The loss of each (method, sample), in order; see `Scorer`. Raises `ScoringError`, `ScorerUnavailable`."""
        loaded = self._engine.open(folders, dtype=dtype, sequence_length=sequence_length)
        self._enter("scoring")
        yield from losses(loaded, items, sequence_length=sequence_length)

    def _enter(self, phase: str) -> None:
        self.phase = phase
