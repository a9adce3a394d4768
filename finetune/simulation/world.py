"""A made-up world: the losses of models whose true strength is known. It knows no rule.

The loss of a model on a batch is its mean loss, times how hard the batch is (shared by all models), times luck of its
own. Luck has two parts: one anew for every batch, and one that a whole round shares, as when the round's documents
happen to suit a model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sin, sqrt

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# How much batches differ in difficulty: the standard deviation of the log of the loss they share. Duels do not feel it,
# averages over batches do.
DIFFICULTY = 0.3

# What a copier changes so that the tensors differ: the standard deviation of the log ratio of its loss to the first's.
COPY_SPREAD = 0.001


@dataclass(frozen=True, kw_only=True)
class World:
    """How much luck there is in one comparison of two models.

    `spread` is the standard deviation of the log ratio of their losses on one batch. `between_rounds` is the standard
    deviation, from round to round, of the chance to win a batch, for two models of equal strength; 0 where the batches
    of a round share no luck. It is below 1/2.
    """

    spread: float = 0.1
    between_rounds: float = 0.0

    @property
    def round_spread(self) -> float:
        """The standard deviation of what a round adds to the log ratio, so that chances spread by `between_rounds`.

        With a round's part t * Z in units of `spread`, Z standard normal, the chance is Phi(t * Z), and its variance is
        asin(r) / (2 pi) with r = t^2 / (1 + t^2): the quadrant probability of two normals correlated by r (Sheppard,
        1899). Solved for t. Worked example: between_rounds 0.1 gives t = 0.26.
        """
        shared = sin(2 * pi * self.between_rounds**2)
        return self.spread * sqrt(shared / (1 - shared))

    def draw(self, means: Sequence[float], worlds: int, rounds: int, batches: int, rng: np.random.Generator) -> Array:
        """Losses in bits, shape (worlds, len(means), rounds, batches); worlds, rounds and batches are independent."""
        models = len(means)
        # Two models' luck adds up to the spread of their ratio, so each has a part of 1 / sqrt(2).
        own = rng.standard_normal((worlds, models, rounds, batches)) * (self.spread / sqrt(2))
        if self.between_rounds:
            own += rng.standard_normal((worlds, models, rounds, 1)) * (self.round_spread / sqrt(2))
        own += rng.standard_normal((worlds, 1, rounds, batches)) * DIFFICULTY
        losses: Array = np.exp(own, out=own)
        losses *= np.array(means)[:, None, None]
        return losses


def copied(original: Array, rng: np.random.Generator, spread: float = COPY_SPREAD) -> Array:
    """A copy's losses: the original's, each changed by a hair; of the same shape."""
    return original * np.exp(rng.standard_normal(original.shape) * spread)
