"""Lineage: which earlier submission a model is nearest to. Figures come in; how weights are read is known elsewhere.

Being near is no fault: whoever improves the champion starts from it. It costs a place in the queue and nothing else;
that a copy earns nothing is the duel's work.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from competitions.check import within
from competitions.season import Entrant

# Rounding to bfloat16 moves a weight by at most 2^-9 of itself, so a model nearer than that cannot be told from the
# earlier one rounded. An honest fine-tuning moves weights by some percent: 0.02 weights times 1e-5 a step, over some
# hundred steps.
NEAR = 2**-9

FARTHEST = 1e6  # of one tensor: two unrelated ones are at about 1.4, and what is much larger tells nothing


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How far a model lies from an earlier one, all estimated from a sample of the weights both have.

    A tensor's distance is ||a - b|| / ||b||, b the earlier one's. `distance` is the mean over all tensors, each
    counting by its size and as 1 at most; `median` and `largest` are over tensors too. `identical` is the share of
    tensors without a difference. Worked example: where every weight of one half of a model has moved by 4% of itself
    and the other half has not, the distance is 0.02.
    """

    distance: float
    median: float
    largest: float
    identical: float

    def __post_init__(self) -> None:
        within("distance", self.distance, 0, 1)
        within("median", self.median, 0, FARTHEST)
        within("largest", self.largest, 0, FARTHEST)
        within("identical", self.identical, 0, 1)


@dataclass(frozen=True, kw_only=True)
class Lineage(Likeness):
    """The likeness to the nearest of all earlier submissions; `nearest` is its key."""

    nearest: str

    @property
    def is_near(self) -> bool:
        """Whether the model waits longer in the queue (see `queue`)."""
        return self.distance < NEAR


def lineage(likenesses: Mapping[Entrant, Likeness]) -> Lineage | None:
    """The lineage of a model, given its likeness to each earlier entrant that can be compared; None without any.

    Of entrants equally near, the reference comes first, then the earlier.
    """
    if not likenesses:
        return None
    nearest = min(likenesses, key=lambda one: (likenesses[one].distance, not one.is_reference, one))
    found = likenesses[nearest]
    return Lineage(
        nearest=nearest.key,
        distance=found.distance,
        median=found.median,
        largest=found.largest,
        identical=found.identical,
    )
