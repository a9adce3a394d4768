"""The `Scorer` port: what a validator asks of whatever computes losses. It knows no process and no device."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from finetune.evals.runtime import DType
from finetune.streams.sample import AnySample


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Where a model lies, the base it stands on if it is an adapter, and the tokenizer to use if not its own."""

    model: Path
    base: Path | None = None
    tokenizer: Path | None = None


class Scorer(Protocol):
    """Loads a model from verified folders and scores it. `isolation` says, in a word, how far it is kept apart."""

    @property
    def isolation(self) -> str: ...

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, AnySample]], *, sequence_length: int, dtype: DType
    ) -> Generator[float, None, None]:
        """The loss of each (method, sample), in order, each as soon as it is known. Closing the generator stops it.

        Raises `ScoringError`, and `ModelRejected` where the reason is known, for what the submission did;
        `ScorerUnavailable` for what this machine could not do.
        """
        ...
