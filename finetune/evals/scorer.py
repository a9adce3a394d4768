"""Scores the models of a round in this process: loads one at a time, lets it go afterwards."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from finetune.evals.port import Folders
from finetune.evals.runtime import DType, load, losses
from finetune.streams.sample import Sample


@dataclass(frozen=True, kw_only=True)
class LocalScorer:
    """A `Scorer` on one device: "cpu", "cuda" or "mps"."""

    device: str = "cpu"

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, Sample]], *, sequence_length: int, dtype: DType
    ) -> Generator[float, None, None]:
        """The raw loss of each (method, sample), in order; see `Scorer`. Raises `ScoringError`."""
        loaded = load(folders.model, base=folders.base, tokenizer=folders.tokenizer, dtype=dtype, device=self.device)
        for method, sample in items:
            yield from losses(loaded, method, [sample], sequence_length=sequence_length)
