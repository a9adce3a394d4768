"""How long models take to be scored, and what stopping early has saved. It judges nothing."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from competitions.batches import Losses
from finetune.evals.port import Folders, Scorer
from finetune.evals.runtime import DType
from finetune.streams.sample import AnySample


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds that a model took in all, its opening among them, and seconds for one sample once it was open."""

    seconds: float
    per_sample: float


@dataclass(frozen=True, kw_only=True)
class Saved:
    """Samples that early stops have left unscored, and about how many seconds those would have taken."""

    samples: int
    seconds: float


class TimedScorer:
    """A scorer that knows the pace of the model that it scored last, and tells how far it is."""

    def __init__(
        self, scorer: Scorer, clock: Callable[[], float], scored: Callable[[int, int], None] = lambda *_: None
    ) -> None:
        """`clock` gives seconds. `scored(done, total)` hears of a model's samples: before the first, after each."""
        self._scorer, self._clock, self._scored = scorer, clock, scored
        self.pace = Pace(seconds=0.0, per_sample=0.0)

    @property
    def isolation(self) -> str:
        """How far models are kept apart."""
        return self._scorer.isolation

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, AnySample]], *, sequence_length: int, dtype: DType
    ) -> Generator[float, None, None]:
        """As the port has it."""
        began = first = self._clock()
        self._scored(0, len(items))
        with closing(self._scorer.losses(folders, items, sequence_length=sequence_length, dtype=dtype)) as found:
            for count, loss in enumerate(found):
                now = self._clock()
                if not count:
                    first = now
                self.pace = Pace(seconds=now - began, per_sample=(now - first) / count if count else now - began)
                self._scored(count + 1, len(items))
                yield loss


def saved(losses: Mapping[str, tuple[Losses, str]], paces: Mapping[str, Pace], samples: int) -> Saved:
    """What early stops have saved of a round of so many samples.

    Each submission's unscored samples count with its own seconds for a sample. Worked example: one that was stopped
    after 40 of 300 samples at 0.5 s each has saved 260 samples and 130 s.
    """
    left = {key: samples - len(found) for key, (found, stopped) in sorted(losses.items()) if stopped}
    seconds = sum(count * paces[key].per_sample for key, count in left.items() if key in paces)
    return Saved(samples=sum(left.values()), seconds=float(seconds))
