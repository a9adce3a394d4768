"""The leakage meter of every submission: its loss on fresh samples beside that on samples it could have trained on.

It judges nobody: a model that knows the past by heart is judged on what is fresh, as all are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from competitions.batches import plan
from competitions.leakage import by_task, leakage
from finetune.board.rounds import Round
from finetune.validating.past import past_tasks

# Standard errors. By luck alone one reading in 30,000 is as high.
REMEMBERS = 4.0


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Mean losses on fresh samples of the round `sync` and on those of the round `past_sync`, before the commit.

    `error` is the standard error of their difference, `excess` by how many of those the fresh loss is the higher one.
    """

    sync: int
    past_sync: int
    fresh: float
    past: float
    error: float
    excess: float

    @property
    def remembers(self) -> bool:
        """Whether the past samples are known better than luck explains."""
        return self.excess >= REMEMBERS


def read_meter(rounds: Sequence[Round]) -> Mapping[str, Reading]:
    """The newest reading of every submission that has one, by key; `rounds` are of one competition, oldest first."""
    found: dict[str, Reading] = {}
    for one in reversed(rounds):
        for key, known in one.record.past.items():
            scored = one.told.losses.get(key)
            if key in found or scored is None:
                continue
            rules = one.competition
            fresh_tasks = [task.name for task in plan(rules) for _ in range(rules.round.batch_size)]
            fresh = by_task(fresh_tasks, scored.samples.tolist())
            told = leakage(fresh, by_task(past_tasks(rules), known.samples))
            if told is not None:
                found[key] = Reading(
                    sync=one.sync,
                    past_sync=known.sync,
                    fresh=told.fresh,
                    past=told.past,
                    error=told.error,
                    excess=told.excess,
                )
    return found
