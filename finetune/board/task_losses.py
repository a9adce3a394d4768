"""Mean losses per task: what a submission is good at, and what it lacks."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from competitions.batches import plan
from competitions.competition import Competition
from finetune.board.losses import LAST_ROUNDS
from finetune.board.rounds import Round

_Masks = dict[str, npt.NDArray[np.bool_]]


def task_losses(rounds: Sequence[Round], keys: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
    """By key and task, the mean loss over the last `LAST_ROUNDS` rounds that scored the entrant, in bits.

    A task that an entrant has no sample of is not there, nor is an entrant that was never scored.
    """
    sums: dict[str, dict[str, tuple[float, int]]] = {key: {} for key in keys}
    scored = dict.fromkeys(keys, 0)
    competition, masks = None, _Masks()
    for one in reversed(rounds):
        if one.competition != competition:
            competition, masks = one.competition, _masks(one.competition)
        for key, found in one.told.losses.items():
            if scored.get(key, LAST_ROUNDS) >= LAST_ROUNDS or not found.samples.size:
                continue
            scored[key] += 1
            for task, mask in masks.items():
                own = found.samples[: mask.size][mask[: found.samples.size]]
                total, count = sums[key].get(task, (0.0, 0))
                sums[key][task] = (total + float(own.sum()), count + own.size)
    return {
        key: {task: total / count for task, (total, count) in found.items() if count}
        for key, found in sums.items()
        if found
    }


def _masks(competition: Competition) -> _Masks:
    """By task, which samples of a round are of it; shape (samples of a round,)."""
    names = np.repeat([task.name for task in plan(competition)], competition.round.batch_size)
    return {task.name: names == task.name for task in competition.tasks}
