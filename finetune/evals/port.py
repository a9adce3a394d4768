"""The `Scorer` port: what a validator asks of whatever computes losses. It knows no process and no device."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from finetune.evals.runtime import DType
from finetune.streams.sample import Sample


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Where a model lies, the base it stands on if it is an adapter, and the tokenizer to use if not its own."""

    model: Path
    base: Path | None = None
    tokenizer: Path | None = None


class Scorer(Protocol):
    """Loads a model from verified folders and scores it."""

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, Sample]], *, sequence_length: int, dtype: DType
    ) -> Generator[float, None, None]:
        """The raw loss of each (method, sample), in order. Closing the generator stops the scoring.

        Raises `ScoringError`.
        """
        ...
