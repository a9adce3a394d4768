"""What a validator does at the moment, for whoever watches. It draws nothing and decides nothing."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from finetune.evals.port import Folders, Scorer
from finetune.evals.runtime import DType
from finetune.streams.sample import AnySample

STAGES = ("discover", "admit", "download", "sample", "score", "judge", "weigh", "report", "publish")


@dataclass(frozen=True, kw_only=True)
class Doing:
    """One moment of a round.

    `stage` is one of STAGES. While models are scored, `key` is the entrant whose turn it is, `done` of its `total`
    samples are scored, and `waiting` are the entrants after it.
    """

    sync: int
    title: str
    stage: str
    key: str = ""
    done: int = 0
    total: int = 0
    waiting: tuple[str, ...] = ()


Watch = Callable[[Doing], None]


def unwatched(_: Doing) -> None:
    """Nobody watches."""


@dataclass(frozen=True, kw_only=True)
class WatchedScorer:
    """A scorer that tells `scored(done, total)` before the first sample of a model and after each."""

    scorer: Scorer
    scored: Callable[[int, int], None]

    @property
    def isolation(self) -> str:
        """How far models are kept apart."""
        return self.scorer.isolation

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, AnySample]], *, sequence_length: int, dtype: DType
    ) -> Generator[float, None, None]:
        """As the port has it."""
        self.scored(0, len(items))
        with closing(self.scorer.losses(folders, items, sequence_length=sequence_length, dtype=dtype)) as found:
            for done, loss in enumerate(found, start=1):
                self.scored(done, len(items))
                yield loss
