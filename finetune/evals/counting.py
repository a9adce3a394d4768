"""Losses as they count: whatever a scorer leaves out or gives in vain is the worst. It knows no duel and no round."""

from collections.abc import Generator, Sequence
from contextlib import closing

import numpy as np

from competitions.batches import Losses, sample_loss
from competitions.competition import Competition
from finetune.evals.port import Folders, Scorer
from finetune.streams.drawing import TaskSample


def score_all(scorer: Scorer, folders: Folders, samples: Sequence[TaskSample], competition: Competition) -> Losses:
    """The loss of every sample as it counts, shape (samples,).

    Raises `ScoringError`, `ScorerUnavailable`.
    """
    return np.array(list(counted_losses(scorer, folders, samples, competition)))


def counted_losses(
    scorer: Scorer, folders: Folders, samples: Sequence[TaskSample], competition: Competition
) -> Generator[float, None, None]:
    """The losses as they count, one a sample: what the scorer leaves out is missing, so the worst.

    Raises `ScoringError`, `ScorerUnavailable`.
    """
    items = [(one.task.method, one.sample) for one in samples]
    length, dtype = competition.constraints.sequence_length, competition.precision.dtype
    found = scorer.losses(folders, items, sequence_length=length, dtype=dtype)
    with closing(found) as raw:
        for one in samples:
            yield sample_loss(next(raw, None), one.task.worst)
