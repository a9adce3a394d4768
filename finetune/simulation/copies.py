"""What a copy of the champion costs to score, beside scoring it in full."""

from dataclasses import dataclass

from finetune.simulation.game import Game
from finetune.simulation.setting import Age, Over, Setting
from finetune.simulation.world import copied


@dataclass(frozen=True, kw_only=True)
class Copy:
    """The cost of copies that differ from the champion by `spread`: mean batches in the first round and in all rounds.

    The shares are of a full scoring: every batch of the first round, and of all `rounds`. `paid` counts copies that
    ever took the seat.
    """

    spread: float
    age: Age
    plays: int
    rounds: int
    first_batches: float
    first_share: float
    all_batches: float
    all_share: float
    paid: int


def copy_cost(setting: Setting, spread: float, age: Age, plays: int, rounds: int, over: Over) -> Copy:
    """Play `plays` copies for so many rounds each; `spread` 0 is a copy with the very same losses."""
    batches = setting.competition.round.batches
    champion, copy = setting.champion(age), setting.challenger(0, "copy")
    first = total = paid = 0
    for play in range(plays):
        rng = setting.rng(3, round(spread * 1e6), age == "new", play)
        game = Game(setting.competition, champion, [copy], setting.first_sync)
        losses = setting.world.draw((1,), 1, rounds, batches, rng)[0, 0]
        copies = copied(losses, rng, spread)
        for number in range(rounds):
            scored = game.play({champion.key: losses[number], copy.key: copies[number]}).batches.get(copy.key, 0)
            first += scored if number == 0 else 0
            total += scored
        paid += game.champion == copy
        over(f"copies that differ by {spread:g}, {age} champion", play + 1)
    return Copy(
        spread=spread,
        age=age,
        plays=plays,
        rounds=rounds,
        first_batches=first / plays,
        first_share=first / plays / batches,
        all_batches=total / plays,
        all_share=total / plays / (batches * rounds),
        paid=paid,
    )
