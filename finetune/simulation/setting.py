"""What every part of the simulation starts from: a competition's rules, a world, a seed, and when models came in."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from competitions.competition import Competition
from competitions.season import Entrant
from finetune.simulation.world import World

Age = Literal["old", "new"]

# Told what is being done, and how many units of the stage are over.
Over = Callable[[str, int], None]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The rules under test, the luck there is, and the seed of all chance."""

    competition: Competition
    world: World = field(default_factory=World)
    seed: int = 0

    def rng(self, *part: int) -> np.random.Generator:
        """Chance for one part of the simulation, independent of what other parts draw."""
        return np.random.default_rng((self.seed, *part))

    @property
    def first_sync(self) -> int:
        """The block of the first round: the first of the second season, so that a whole season lies ahead."""
        start = self.competition.judge.season_blocks
        while start < self.competition.first_block + self.competition.epsilon.decay_blocks:
            start += self.competition.judge.season_blocks
        return start

    def champion(self, age: Age) -> Entrant:
        """The first champion: an `old` one's epsilon has reached its end, a `new` one came just before the rest."""
        youngest = self.first_sync - self.competition.round.eval_delay - 100
        decayed = self.first_sync - self.competition.epsilon.decay_blocks
        return Entrant(block=youngest if age == "new" else min(decayed, youngest), key="champion")

    def challenger(self, number: int, key: str) -> Entrant:
        """The challenger that came in as this number; all of them may enter the first round."""
        return Entrant(block=self.first_sync - self.competition.round.eval_delay - 99 + number, key=key)

    def at_epsilon(self, epsilon: float) -> "Setting":
        """The same with an epsilon that does not decay and without the floor: a duel of ratios alone."""
        fixed = replace(self.competition.epsilon, start=epsilon, end=epsilon)
        judge = replace(self.competition.judge, floor=0.0)
        return replace(self, competition=replace(self.competition, epsilon=fixed, judge=judge))
