"""How long a better model takes to win: a challenger of known strength against a champion, until each rule pays it."""

from dataclasses import dataclass

import numpy as np

from finetune.simulation.classic import CLASSIC_RULES
from finetune.simulation.game import Game
from finetune.simulation.setting import Age, Over, Setting

OURS = "evidence"
MOST_ROUNDS = 140  # a week of rounds every 360 blocks, which is a season


@dataclass(frozen=True, kw_only=True)
class Climb:
    """What `plays` challengers that are better by `better` needed, by rule, within `rounds` rounds.

    `won` counts those that ever won. The others are numbers of rounds and of samples, champion's included, until the
    """

    better: float
    age: Age
    plays: int
    rounds: int
    won: dict[str, int]
    median_rounds: dict[str, int | None]
    most_rounds: dict[str, int | None]
    median_samples: dict[str, int | None]


def climb(setting: Setting, better: float, age: Age, plays: int, over: Over) -> Climb:
    """Play the same challenger `plays` times, each against the same strength with new luck."""
    first: dict[str, list[tuple[int, int]]] = {name: [] for name in (OURS, *CLASSIC_RULES)}
    for play in range(plays):
        rng = setting.rng(2, round(better * 1e6), age == "new", play)
        for name, found in _until_won(setting, better, age, rng).items():
            first[name].append(found)
        over(f"better by {better:.0%}, {age} champion", play + 1)
    return Climb(
        better=better,
        age=age,
        plays=plays,
        rounds=MOST_ROUNDS,
        won={name: len(found) for name, found in first.items()},
        median_rounds={name: _of_all(found, plays, 0.5, 0) for name, found in first.items()},
        most_rounds={name: _of_all(found, plays, 0.9, 0) for name, found in first.items()},
        median_samples={name: _of_all(found, plays, 0.5, 1) for name, found in first.items()},
    )


def _until_won(setting: Setting, better: float, age: Age, rng: np.random.Generator) -> dict[str, tuple[int, int]]:
    """The round of the first win and the samples spent until then, by rule; rules that never paid it are left out."""
    competition = setting.competition
    champion, challenger = setting.champion(age), setting.challenger(0, "challenger")
    game = Game(competition, champion, [challenger], setting.first_sync)
    batches, size = competition.round.batches, competition.round.batch_size
    found: dict[str, tuple[int, int]] = {}
    spent = 0
    for number in range(1, MOST_ROUNDS + 1):
        block = setting.first_sync + (number - 1) * competition.round.sync_blocks
        losses = setting.world.draw((1, 1 - better), 1, 1, batches, rng)[0, :, 0]
        for name, rule in CLASSIC_RULES.items():
            if name not in found and rule(losses, (champion.block, challenger.block), competition.epsilon, block) == 1:
                found[name] = (number, 2 * number * batches * size)
        if OURS not in found:
            played = game.play({champion.key: losses[0], challenger.key: losses[1]})
            spent += sum(played.batches.values()) * size
            if played.champion == challenger.key:
                found[OURS] = (number, spent)
        if len(found) == len(CLASSIC_RULES) + 1:
            break
    return found


def _of_all(found: list[tuple[int, int]], plays: int, part: float, which: int) -> int | None:
    """The smallest figure that this part of all plays stayed within; None where too few won at all."""
    place = int(np.ceil(part * plays)) - 1
    values = sorted(one[which] for one in found)
    return values[place] if place < len(values) else None
