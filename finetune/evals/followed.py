"""A scorer that tells how far it is, for whoever shows progress or takes times. It changes no figure."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from finetune.evals.port import Folders, Scorer
from finetune.evals.runtime import DType
from finetune.streams.sample import AnySample

STEPS = 10  # how often a person is told how far a scoring is

Scored = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class FollowedScorer:
    """Tells `scored(done, total)` of a model's samples: before the first, and after each."""

    scorer: Scorer
    scored: Scored

    @property
    def isolation(self) -> str:
        """That of the scorer behind it."""
        return self.scorer.isolation

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, AnySample]], *, sequence_length: int, dtype: DType
    ) -> Generator[float, None, None]:
        """The losses of the other, in order; see `Scorer`."""
        self.scored(0, len(items))
        with closing(self.scorer.losses(folders, items, sequence_length=sequence_length, dtype=dtype)) as found:
            for done, loss in enumerate(found, start=1):
                self.scored(done, len(items))
                yield loss


def in_steps(tell: Scored) -> Scored:
    """Passes on at most `STEPS` moments of one scoring, evenly spread, the last among them."""
    said = 0

    def scored(done: int, total: int) -> None:
        nonlocal said
        if done and said < done * STEPS // total:
            said = done * STEPS // total
            tell(done, total)

    return scored
