"""How long the judge takes to decide over a large season. A measurement of this machine, not a rule."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from statistics import median

import numpy as np

from competitions.dethroning import judge
from competitions.season import Season
from finetune.simulation.setting import Over, Setting


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The median time in seconds of `times` decisions over so many submissions with so many batches each."""

    submissions: int
    batches: int
    times: int
    seconds: float


def decision(
    setting: Setting, submissions: int, batches: int, times: int, clock: Callable[[], float], over: Over
) -> Decision:
    """Judge one season again and again; every submission was scored on every batch, and some of them dethrone.

    `clock` gives seconds. Whole rounds only: `batches` is rounded up to them.
    """
    rng, competition = setting.rng(5), setting.competition
    rounds = ceil(batches / competition.round.batches)
    means = (1.0, *rng.uniform(0.93, 1.1, submissions - 1).tolist())
    losses = setting.world.draw(means, 1, rounds, competition.round.batches, rng)[0]
    champion = setting.champion("old")
    others = [setting.challenger(number, f"challenger {number}") for number in range(submissions - 1)]
    keys = [one.key for one in (champion, *others)]
    syncs = [setting.first_sync + number * competition.round.sync_blocks for number in range(rounds)]
    season = Season({sync: dict(zip(keys, losses[:, number], strict=True)) for number, sync in enumerate(syncs)})
    taken = []
    for time in range(times):
        began = clock()
        judge(season, champion, others, competition, syncs[-1])
        taken.append(clock() - began)
        over(f"{submissions} submissions, {rounds * competition.round.batches:,} batches", time + 1)
    return Decision(
        submissions=submissions,
        batches=rounds * competition.round.batches,
        times=times,
        seconds=float(np.round(median(taken), 4)),
    )
