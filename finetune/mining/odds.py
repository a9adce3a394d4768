"""The odds of a duel: measured losses -> the share of batches won, and the chance to take the seat in time."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from competitions.batches import Losses
from competitions.competition import Competition
from competitions.dethroning import dethrones
from competitions.duel import outcomes, tally
from competitions.stopping import stop_reason

ROUNDS = (1, 5, 20)
# 400 seasons give a chance with a standard error of at most 2.5%.
_SEASONS = 400


@dataclass(frozen=True, kw_only=True)
class Odds:
    """A duel at one epsilon.

    `won` is the share of all batches won, `error` its standard error, sqrt(won * (1 - won) / batches). `dethroning`
    holds the chance to dethrone within so many rounds.
    """

    epsilon: float
    won: float
    error: float
    dethroning: dict[int, float]


def odds(champion: Losses, challenger: Losses, competition: Competition, epsilon: float, *, seed: int) -> Odds:
    """The odds from losses per batch, both of shape (batches,).

    The chance is the share of simulated seasons in which the rules' own `dethrones` held at the end of a round. A
    season's batches are drawn from the measured pairs with replacement (the bootstrap: Efron, 1979), and
    `stop_reason` ends a round as in a validator; a challenger stopped as behind is out. Epsilon stays as it is. What
    the measured pairs do not show, such as a difference between rounds, the chance does not know.
    """
    results = outcomes(champion, challenger, epsilon=epsilon, floor=competition.judge.floor)
    won = float((results == 1).mean())
    rng = np.random.default_rng(seed)
    ends = np.array([_season(champion, challenger, results, competition, epsilon, rng) for _ in range(_SEASONS)])
    return Odds(
        epsilon=epsilon,
        won=won,
        error=float(np.sqrt(won * (1 - won) / len(results))),
        dethroning={rounds: float((ends <= rounds).mean()) for rounds in ROUNDS},
    )


def _season(
    champion: Losses,
    challenger: Losses,
    results: npt.NDArray[np.int64],
    competition: Competition,
    epsilon: float,
    rng: np.random.Generator,
) -> float:
    """The round at whose end a simulated challenger dethrones, infinite where it does not within the last of ROUNDS."""
    drawn: list[int] = []
    wins = losses = 0
    for number in range(1, max(ROUNDS) + 1):
        reason = None
        left = competition.round.batches
        for index in rng.integers(len(results), size=left).tolist():
            drawn.append(index)
            left -= 1
            wins, losses = wins + int(results[index] == 1), losses + int(results[index] == -1)
            reason = stop_reason(wins, losses, len(drawn), left, competition)
            if reason is not None:
                break
        duel = tally(champion[drawn], challenger[drawn], epsilon=epsilon, floor=competition.judge.floor)
        if dethrones(duel, competition):
            return number
        if reason == "behind":
            break
    return float("inf")
