"""False dethronements: many challengers of equal strength, each against a champion, looked at after every batch.

The only place where the rules' decisions are taken for many duels at once: from a table that the rules' own `ahead`
fills, and their own `outcomes`. A test holds that nothing else comes out than from `dethrones` after every batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from competitions.competition import Competition
from competitions.duel import counted, outcomes
from competitions.evidence import ahead
from finetune.simulation.classic import CLASSIC_RULES
from finetune.simulation.setting import Over, Setting
from finetune.simulation.world import Array

_AT_ONCE = 250  # challengers, so that the arrays of one step stay below 100 MB

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """What became of `challengers` equal to their champions, at one epsilon.

    `dethroned` were ever ahead by the rules, looked at after every batch; `stopped` were ever behind, which at
    epsilon 0 is as wrong. `chance` is the exact chance to be ever ahead for a challenger that wins each batch with
    a chance of one half. By classic rule: `won_once` counts challengers that ever won a round, `rounds_won` the rounds.
    """

    epsilon: float
    between_rounds: float
    challengers: int
    rounds: int
    dethroned: int
    stopped: int
    chance: float
    won_once: dict[str, int]
    rounds_won: dict[str, int]


@cache
def wins_needed(alpha: float, most: int) -> npt.NDArray[np.int64]:
    """The fewest wins in n batches that are ahead at `alpha`, for n of 0 to `most`; most + 1 where no number is.

    A batch more never needs fewer wins, and a win more never hurts, so each search goes on where the last one ended.
    """
    needed = np.empty(most + 1, dtype=np.int64)
    wins = 0
    for n in range(most + 1):
        while wins <= n and not ahead(wins, n - wins, alpha):
            wins += 1
        needed[n] = wins if wins <= n else most + 1
        wins = min(wins, n)
    return needed


def chance_ever_ahead(alpha: float, most: int) -> float:
    """The exact chance of a fair coin to be ahead at `alpha` after any of its first `most` throws."""
    needed = wins_needed(alpha, most)
    reached = np.zeros(most + 2)
    reached[0], crossed = 1.0, 0.0
    for n in range(1, most + 1):
        reached[1:] = (reached[1:] + reached[:-1]) / 2
        reached[0] /= 2
        crossed += float(reached[needed[n] :].sum())
        reached[needed[n] :] = 0
    return crossed


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Duels looked at after every batch: whether each ever dethroned, and was ever behind; both of shape (duels,)."""

    dethroned: Flags
    behind: Flags


def watch(champion: Array, challenger: Array, competition: Competition, epsilon: float) -> Watched:
    """Judge each duel after every one of its batches; losses of shape (duels, batches)."""
    judge, (duels, batches) = competition.judge, champion.shape
    results = outcomes(champion.ravel(), challenger.ravel(), epsilon=epsilon, floor=judge.floor)
    results = results.reshape(duels, batches).astype(np.int8)
    wins = (results == 1).cumsum(axis=1, dtype=np.int32)
    losses = (results == -1).cumsum(axis=1, dtype=np.int32)
    played = wins + losses
    enough = wins >= wins_needed(judge.alpha, batches)[played]
    # Means are needed only where the count was enough at all.
    for duel in np.flatnonzero(enough.any(axis=1)):
        hurdle = counted(champion[duel], epsilon, judge.floor)
        enough[duel] &= challenger[duel].cumsum() < hurdle.cumsum()
    behind = losses >= wins_needed(judge.stop_alpha, batches)[played]
    return Watched(dethroned=enough.any(axis=1), behind=behind.any(axis=1))


def equals(setting: Setting, epsilons: Sequence[float], challengers: int, rounds: int, over: Over) -> list[Crowd]:
    """Play the challengers, one result for each epsilon, all on the same losses.

    At epsilon 0 the challenger is as good as the champion's losses as they count: the hardest case for the rules.
    """
    rng = setting.rng(1, round(setting.world.between_rounds * 1e6))
    settings = [setting.at_epsilon(epsilon) for epsilon in epsilons]
    dethroned, stopped = np.zeros(len(epsilons), np.int64), np.zeros(len(epsilons), np.int64)
    once = [dict.fromkeys(CLASSIC_RULES, 0) for _ in epsilons]
    won = [dict.fromkeys(CLASSIC_RULES, 0) for _ in epsilons]
    batches = setting.competition.round.batches
    for start in range(0, challengers, _AT_ONCE):
        many = min(_AT_ONCE, challengers - start)
        losses = setting.world.draw((1, 1), many, rounds, batches, rng)
        champion, challenger = (losses[:, model].reshape(many, rounds * batches) for model in (0, 1))
        for number, one in enumerate(settings):
            epsilon = epsilons[number]
            watched = watch(champion, challenger, one.competition, epsilon)
            dethroned[number] += watched.dethroned.sum()
            stopped[number] += watched.behind.sum()
            for name, rule in CLASSIC_RULES.items():
                by_round = np.swapaxes(losses, 1, 2)
                first = rule(by_round, (0, 1), one.competition.epsilon, 2) == 1
                once[number][name] += int(first.any(axis=1).sum())
                won[number][name] += int(first.sum())
        over(f"chances spread by {setting.world.between_rounds:.0%} between rounds", start + many)
    chance = chance_ever_ahead(setting.competition.judge.alpha, rounds * batches)
    return [
        Crowd(
            epsilon=epsilon,
            between_rounds=setting.world.between_rounds,
            challengers=challengers,
            rounds=rounds,
            dethroned=int(dethroned[number]),
            stopped=int(stopped[number]),
            chance=chance,
            won_once=once[number],
            rounds_won=won[number],
        )
        for number, epsilon in enumerate(epsilons)
    ]
