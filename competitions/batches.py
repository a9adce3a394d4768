"""Batches: which task supplies which batch of a round, and the loss of a batch from the losses of its samples."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from competitions.competition import Competition, Task

Losses = npt.NDArray[np.float64]


def plan(competition: Competition) -> tuple[Task, ...]:
    """The task of every batch of a round, interleaved so that any first part of a round holds the weights too.

    Batch n goes to the task that is furthest behind its share of n + 1 batches; ties to the earlier task in the file.
    Worked example: weights 0.5, 0.3, 0.2 give A B C A A B A C B A: over ten batches exactly 5, 3 and 2.
    """
    tasks = competition.tasks
    given = [0] * len(tasks)
    order = []
    for number in range(competition.round.batches):
        behind = [round(task.weight * (number + 1) - count, 9) for task, count in zip(tasks, given, strict=True)]
        chosen = behind.index(max(behind))
        given[chosen] += 1
        order.append(tasks[chosen])
    return tuple(order)


def sample_loss(loss: float | None, worst: float) -> float:
    """A sample's loss as it counts: within [0, worst], and the worst where it is missing, NaN or infinite."""
    if loss is None or not np.isfinite(loss):
        return worst
    return float(min(max(loss, 0.0), worst))


def batch_losses(samples: Sequence[float] | Losses, batch_size: int) -> Losses:
    """The mean loss of each full batch, shape (len(samples) // batch_size,); samples of a batch stand side by side."""
    full = len(samples) // batch_size
    losses: Losses = np.asarray(samples[: full * batch_size], dtype=np.float64)
    means: Losses = losses.reshape(full, batch_size).mean(axis=1)
    return means
