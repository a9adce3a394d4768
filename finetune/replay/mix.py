"""Another task mix: which batches that were scored make a round of other weights. It knows no losses but by number.

Which task supplied which batch is the plan of the rules that the round was played by. A round of other weights takes
from each task the first batches that were scored of it, in the order of its own plan, and ends where a task has no
more: it is shorter than a round of that mix would have been, its shares are right, and no loss is counted twice or
made up. A task of weight 0 is simply left out. Shorter rounds give less evidence, so that a seat is taken later than
it would have been.
"""

from dataclasses import replace

import numpy as np

from competitions.batches import Losses, plan
from competitions.check import Invalid
from competitions.competition import Competition


def batch_order(recorded: Competition, mixed: Competition) -> tuple[int, ...]:
    """The numbers of the recorded round's batches that make a round of the other mix, in the order of its plan.

    Worked example: recorded A B C A A B, wanted A and B alike without C: A B A B A, the batches 0, 1, 3, 5, 4.
    """
    supply = {task.name: iter(_numbers(recorded, task.name)) for task in recorded.tasks}
    order = []
    for task in plan(mixed):
        number = next(supply[task.name], None)
        if number is None:
            break
        order.append(number)
    return tuple(order)


def _numbers(competition: Competition, task: str) -> list[int]:
    """The numbers of the batches that a task supplies to a round."""
    return [number for number, one in enumerate(plan(competition)) if one.name == task]


def with_batches_of(recorded: Competition, mixed: Competition) -> Competition:
    """The competition of the other mix, with as many batches a round as recorded rounds can fill. Raises `Invalid`."""
    count = len(batch_order(recorded, replace(mixed, round=recorded.round)))
    if not count:
        raise Invalid("tasks.weight", {task.name: task.weight for task in mixed.tasks}, "tasks that a round has scored")
    return replace(mixed, round=replace(mixed.round, batches=count))


def rearranged(samples: Losses, order: tuple[int, ...], batch_size: int) -> Losses:
    """The losses of an entrant's samples in another order of batches, up to the first that it was not scored on."""
    scored = len(samples) // batch_size
    there = next((place for place, number in enumerate(order) if number >= scored), len(order))
    batches = samples.reshape(scored, batch_size)
    return np.concatenate([batches[number] for number in order[:there]] or [samples[:0]])
