"""The duel: champion against challenger, batch by batch, with the champion's advantage. It knows no rounds, no seat."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from competitions.batches import Losses


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a challenger did against a champion over the batches both were scored on.

    `wins` and `losses` are the challenger's; batches where neither won are in `batches` alone. The means are over all
    shared batches, infinite where there is none; `champion_mean` is of the losses as they count, with the advantage.
    """

    wins: int
    losses: int
    batches: int
    champion_mean: float
    challenger_mean: float


def counted(champion: Losses, epsilon: float, floor: float) -> Losses:
    """The champion's losses as they count: min((1 - epsilon) * loss, loss - floor), elementwise.

    The floor, in bits, keeps the advantage from vanishing with the loss. Worked example: at epsilon 2% and floor 0.001
    a loss of 1 counts as 0.98, a loss of 0.01 as 0.009.
    """
    return np.minimum((1 - epsilon) * champion, champion - floor)


def outcomes(champion: Losses, challenger: Losses, *, epsilon: float, floor: float) -> npt.NDArray[np.int64]:
    """Who wins each batch: 1 the challenger, -1 the champion, 0 neither. Both of shape (batches,), as is the answer.

    A loss that is no finite number is as bad as can be, so it never wins; equal raw losses count for neither.
    """
    ours, theirs = _finite(challenger), _finite(champion)
    hurdle = counted(theirs, epsilon, floor)
    result = (ours < hurdle).astype(np.int64) - (hurdle < ours).astype(np.int64)
    result[ours == theirs] = 0
    return result


def tally(champion: Losses, challenger: Losses, *, epsilon: float, floor: float) -> Tally:
    """Count a duel over shared batches; both of shape (batches,)."""
    result = outcomes(champion, challenger, epsilon=epsilon, floor=floor)
    some = len(result) > 0
    return Tally(
        wins=int((result == 1).sum()),
        losses=int((result == -1).sum()),
        batches=len(result),
        champion_mean=float(counted(_finite(champion), epsilon, floor).mean()) if some else np.inf,
        challenger_mean=float(_finite(challenger).mean()) if some else np.inf,
    )


def _finite(losses: Losses) -> Losses:
    """The losses, with every one that is no finite number made infinite."""
    return np.where(np.isfinite(losses), losses, np.inf)
