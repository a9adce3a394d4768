"""The leakage meter: whether a model knows the samples of a round that was over when it was committed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from competitions.batches import Losses

# Samples of the earlier round: a share of 1/16 more for a round of 1,000, and 64 tell a tenth of most losses from luck.
PAST_SAMPLES = 64


@dataclass(frozen=True, kw_only=True)
class Leakage:
    """The mean loss on fresh samples and on those of an earlier round, and the standard error of their difference.

    Both means are over the same mixture of tasks. A model that has learned the earlier samples by heart has `past` far
    below `fresh`: by many times `error`.
    """

    fresh: float
    past: float
    error: float

    @property
    def excess(self) -> float:
        """By how many standard errors the fresh loss is above the past one; 0 where neither varies."""
        return (self.fresh - self.past) / self.error if self.error > 0 else 0.0


def by_task(tasks: Sequence[str], losses: Sequence[float]) -> dict[str, Losses]:
    """Losses per sample by task; `tasks` names that of each sample, and may go on where scoring was stopped."""
    found: dict[str, list[float]] = {}
    for task, loss in zip(tasks, losses, strict=False):
        found.setdefault(task, []).append(loss)
    return {task: np.array(values) for task, values in found.items()}


def leakage(fresh: Mapping[str, Losses], past: Mapping[str, Losses]) -> Leakage | None:
    """Compare losses per sample, by task, each of shape (samples,); None where no task has two samples in both.

    A task counts by its share p of the past samples. The error is sqrt(sum of p^2 * (var(fresh) / n + var(past) / m)),
    with n and m samples. Worked example: one task, fresh 2, 4 and past 1, 3 give 3, 2 and an error of sqrt(2 / 2 +
    2 / 2) = 1.41.
    """
    tasks = [task for task, losses in past.items() if len(losses) > 1 and len(fresh.get(task, ())) > 1]
    if not tasks:
        return None
    sizes = np.array([len(past[task]) for task in tasks], dtype=np.float64)
    shares = sizes / sizes.sum()

    def mean(found: Mapping[str, Losses]) -> float:
        return float(shares @ np.array([found[task].mean() for task in tasks]))

    spread = np.array([np.var(one[task], ddof=1) / len(one[task]) for one in (fresh, past) for task in tasks])
    return Leakage(fresh=mean(fresh), past=mean(past), error=float(np.sqrt(np.square(np.tile(shares, 2)) @ spread)))
