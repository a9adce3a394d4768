"""A whole field over many rounds: a champion, two true rivals, and seven that are copies or worse."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from competitions.batches import Losses
from finetune.simulation.classic import CLASSIC_RULES
from finetune.simulation.climb import OURS
from finetune.simulation.game import Game
from finetune.simulation.setting import Age, Over, Setting
from finetune.simulation.world import copied

RIVALS = ("rival 1", "rival 2")
BETTER = 0.05  # how much better the rivals are than the champion, both alike
OTHERS = 7
WORST = 0.15  # those that are worse are worse by BETTER to WORST


@dataclass(frozen=True, kw_only=True)
class Field:
    """What came of `plays` fields over `rounds` rounds, by rule.

    `right` is the share of plays in which a rival was paid after each round, `first` that in which the earlier of the
    two was; both of length `rounds`. `changes` is how often the winner changed in a play, `samples` what a round cost,
    both means; `samples_by_round` has the latter of each round. `part` is what ours spent of a classic rule's samples.
    """

    age: Age
    between_rounds: float
    plays: int
    rounds: int
    right: dict[str, list[float]]
    first: dict[str, list[float]]
    changes: dict[str, float]
    samples: dict[str, float]
    samples_by_round: dict[str, list[float]]
    part: float


def field(setting: Setting, age: Age, plays: int, rounds: int, over: Over) -> Field:
    """Play `plays` fields, each with its own seven; every rule sees the same losses."""
    rules = (OURS, *CLASSIC_RULES)
    winners = {name: np.zeros((plays, rounds), dtype=np.int64) for name in rules}
    samples = {name: np.zeros((plays, rounds), dtype=np.int64) for name in rules}
    for play in range(plays):
        _play(setting, age, setting.rng(4, age == "new", play), winners, samples, play)
        over(f"{age} champion, chances spread by {setting.world.between_rounds:.0%}", play + 1)
    ours, classic = samples[OURS].sum(), samples["aggregate"].sum()
    return Field(
        age=age,
        between_rounds=setting.world.between_rounds,
        plays=plays,
        rounds=rounds,
        right={name: np.isin(found, (1, 2)).mean(axis=0).tolist() for name, found in winners.items()},
        first={name: (found == 1).mean(axis=0).tolist() for name, found in winners.items()},
        changes={name: float((np.diff(found, prepend=0) != 0).sum() / plays) for name, found in winners.items()},
        samples={name: float(found.mean()) for name, found in samples.items()},
        samples_by_round={name: found.mean(axis=0).tolist() for name, found in samples.items()},
        part=float(ours / classic),
    )


def _play(
    setting: Setting,
    age: Age,
    rng: np.random.Generator,
    winners: dict[str, npt.NDArray[np.int64]],
    samples: dict[str, npt.NDArray[np.int64]],
    play: int,
) -> None:
    """One field: fills its row of `winners` (by the order of commits) and `samples`, both of shape (plays, rounds)."""
    competition = setting.competition
    rounds = winners[OURS].shape[1]
    keys = [*RIVALS, *(f"other {number + 1}" for number in range(OTHERS))]
    champion, others = setting.champion(age), [setting.challenger(place, key) for place, key in enumerate(keys)]
    blocks = [champion.block, *(one.block for one in others)]
    losses = _losses(setting, rounds, rng)
    game = Game(competition, champion, others, setting.first_sync)
    names = [champion.key, *keys]
    size = competition.round.batch_size
    for number in range(rounds):
        block, now = game.sync, losses[:, number]
        played = game.play(dict(zip(names, now, strict=True)))
        winners[OURS][play, number] = names.index(played.champion)
        samples[OURS][play, number] = sum(played.batches.values()) * size
        for name, rule in CLASSIC_RULES.items():
            winners[name][play, number] = rule(now, blocks, competition.epsilon, block)
            samples[name][play, number] = now.size * size


def _losses(setting: Setting, rounds: int, rng: np.random.Generator) -> Losses:
    """Losses of shape (models, rounds, batches): champion, rivals, then copies and worse models by a coin."""
    worse = 1 + rng.uniform(BETTER, WORST, OTHERS)
    means = (1.0, 1 - BETTER, 1 - BETTER, *worse.tolist())
    losses: Losses = setting.world.draw(means, 1, rounds, setting.competition.round.batches, rng)[0]
    for model in range(1 + len(RIVALS), len(means)):
        if rng.random() < 0.5:
            losses[model] = copied(losses[0], rng)
    return losses
