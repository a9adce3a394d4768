"""A game played on given losses comes to what a validator's round comes to."""

from collections.abc import Generator
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest

from competitions.competition import Competition
from competitions.duel import Tally
from competitions.season import Entrant
from finetune.evals.port import Folders
from finetune.simulation.game import Game, batches_scored
from finetune.simulation.setting import Setting
from finetune.simulation.world import World
from finetune.streams.drawing import TaskSample
from finetune.streams.sample import Sample
from finetune.validating.score import score_challenger

CHAMPION, FIRST, SECOND = (Entrant(block=block, key=key) for block, key in ((0, "a"), (10, "b"), (20, "c")))


class Given:
    """A scorer that yields the losses that it was given."""

    isolation = "none"

    def __init__(self, losses: list[float]) -> None:
        self.given = losses

    def losses(self, folders, items, *, sequence_length, dtype) -> Generator[float, None, None]:
        yield from self.given


@pytest.mark.parametrize("counts", [(0, 0), (3, 9), (60, 40), (190, 200)])
def test_a_challenger_stops_where_a_validator_stops_it(competition: Competition, counts: tuple[int, int]) -> None:
    wins, lost = counts
    before = Tally(wins=wins, losses=lost, batches=wins + lost, champion_mean=inf, challenger_mean=inf)
    sample = TaskSample(task=competition.tasks[1], sample=Sample(messages=(), reference="x", document="d"))
    total = competition.round.batches
    ends = set()
    for seed, better in enumerate((-0.3, -0.05, 0.0, 0.02, 0.1) * 3):
        losses = World().draw((1.0, 1 - better), 1, 1, total, np.random.default_rng(seed))[0, :, 0]
        found, reason, _ = score_challenger(
            Given(losses[1].tolist()),
            Folders(model=Path("nowhere")),
            [sample] * total,
            competition,
            champion=losses[0],
            epsilon=0.03,
            before=before,
        )
        assert batches_scored(losses[0], losses[1], before, 0.03, competition) == (len(found), reason)
        ends.add(reason)
    assert len(ends) > 1


def old_game(setting: Setting, *others: Entrant) -> Game:
    return Game(setting.competition, CHAMPION, others, setting.first_sync)


def flat(loss: float, batches: int = 240) -> np.ndarray:
    return np.full(batches, loss)


def test_a_better_model_takes_the_seat_and_then_has_the_handicap_on_its_side(setting: Setting) -> None:
    game = old_game(setting, FIRST)
    assert game.play({"a": flat(1.0), "b": flat(0.9)}).champion == "b"
    after = game.play({"a": flat(1.0), "b": flat(0.9)})
    assert after.champion == "b"
    # Every batch of the first round counts against the old champion already: one more is enough to stop it.
    assert after.batches == {"b": 240, "a": 1}


def test_a_copy_is_stopped_after_11_batches_and_rests(setting: Setting) -> None:
    game = old_game(setting, FIRST)
    assert game.play({"a": flat(1.0), "b": flat(0.999)}).batches == {"a": 240, "b": 11}
    assert game.play({"a": flat(1.0), "b": flat(0.5)}).batches == {"a": 240}
    assert game.champion == CHAMPION


def test_the_seat_goes_to_the_original_where_its_copy_has_more_luck(setting: Setting) -> None:
    game = old_game(setting, FIRST, SECOND)
    losses = {"a": flat(1.0), "b": flat(0.9), "c": flat(0.899)}
    assert game.play(losses).champion == "b"


def test_no_more_challengers_are_scored_than_a_round_has_places_for(setting: Setting) -> None:
    rules = replace(setting.competition, round=replace(setting.competition.round, challengers=1))
    game = Game(rules, CHAMPION, [FIRST, SECOND], setting.first_sync)
    losses = {"a": flat(1.0), "b": flat(1.0), "c": flat(1.1)}
    assert game.play(losses).batches == {"a": 240, "b": 11}
    assert game.play(losses).batches == {"a": 240, "c": 11}


def test_evidence_of_the_last_season_is_forgotten(competition: Competition, setting: Setting) -> None:
    short = replace(competition, judge=replace(competition.judge, season_blocks=720))
    game = Game(short, CHAMPION, [FIRST], setting.first_sync)
    scored = [game.play({"a": flat(1.0), "b": flat(1.2)}).batches.get("b") for _ in range(4)]
    assert setting.first_sync % 720 == 0
    assert scored == [11, None, 11, None]
