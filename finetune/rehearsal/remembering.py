"""A scorer for several validators of one rehearsal, who all need the same figures: each is computed once.

Only for rehearsals: on a network every validator computes its own, or its control would say nothing.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from finetune.errors import ModelRejected, ScoringError
from finetune.evals.port import Folders, Scorer
from finetune.evals.runtime import DType
from finetune.streams.sample import AnySample


@dataclass
class _Known:
    """The first losses of one model on one list of samples, and how they ended where they did."""

    losses: list[float] = field(default_factory=list)
    error: ScoringError | None = None


class RememberingScorer:
    """A `Scorer` that asks another one for what it does not know yet.

    Folders are told apart by their names, which in a model cache are digests.
    """

    def __init__(self, scorer: Scorer) -> None:
        """Nothing is known yet."""
        self._scorer = scorer
        self._known: dict[tuple[object, ...], _Known] = {}

    @property
    def isolation(self) -> str:
        """That of the scorer behind it."""
        return self._scorer.isolation

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, AnySample]], *, sequence_length: int, dtype: DType
    ) -> Generator[float, None, None]:
        """The loss of each (method, sample), in order; see `Scorer`. Raises `ScoringError`, `ScorerUnavailable`.

        Whoever asks for more than is known has the model scored again from the start: methods that take several samples
        at once then see the same ones together.
        """
        names = tuple(one.name if one else "" for one in (folders.model, folders.base, folders.tokenizer))
        known = self._known.setdefault((*names, tuple(map(repr, items)), sequence_length, dtype), _Known())
        place = 0
        for loss in known.losses:
            place += 1
            yield loss
        if known.error is not None:
            raise _again(known.error)
        if place == len(items):
            return
        with closing(self._scorer.losses(folders, items, sequence_length=sequence_length, dtype=dtype)) as found:
            try:
                for number, loss in enumerate(found):
                    if number < place:
                        continue
                    known.losses.append(loss)
                    yield loss
            except ScoringError as error:
                known.error = error
                raise


def _again(error: ScoringError) -> ScoringError:
    """The same error without the traceback of the first time."""
    return ModelRejected(error.rejection) if isinstance(error, ModelRejected) else ScoringError(str(error))
