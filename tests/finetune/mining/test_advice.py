"""What a miner is advised follows from the figures and does not contradict them."""

from dataclasses import replace
from pathlib import Path

import pytest

from competitions.files import read_competition
from finetune.mining.advice import advice
from finetune.mining.odds import Odds
from finetune.mining.preflight import TaskLosses, Verdict

TINY = read_competition(Path("competitions/rehearsal/tiny.toml"))


def odds(won: float, chance: float) -> Odds:
    return Odds(epsilon=0.01, won=won, error=0.01, dethroning={1: 0.0, 5: 0.0, 20: chance})


@pytest.mark.parametrize(
    ("today", "decayed", "said"),
    [
        (odds(0.8, 0.5), odds(0.9, 1.0), "more likely than not; publish it"),
        (odds(0.5, 0.1), odds(0.8, 0.9), "wins once epsilon has decayed, in 1.0 days"),
        (odds(0.5, 0.0), odds(0.54, 0.4), "its chance is 40% within 20 rounds: it wins 54% of the batches"),
        (odds(0.5, 0.0), odds(0.51, 0.0), "no seat within 20 rounds, though it wins 51% of the batches"),
        (odds(0.1, 0.0), odds(0.3, 0.0), "wins 30% of the batches even at the lowest epsilon; more than half"),
    ],
)
def test_the_first_sentence_is_that_of_the_odds(today: Odds, decayed: Odds, said: str):
    verdict = Verdict(gates=(), today=today, decayed=decayed, wait_blocks=7200)
    assert said in advice(verdict, TINY)[0]


def test_the_tasks_that_lack_most_come_first():
    tasks = {
        "A": TaskLosses(ours=1.0, rival=1.0, hurdle=0.95),
        "B": TaskLosses(ours=1.0, rival=0.9, hurdle=0.8),
        "C": TaskLosses(ours=0.5, rival=0.9, hurdle=0.8),
    }
    verdict = Verdict(gates=(), today=odds(0.1, 0.0), decayed=odds(0.1, 0.0))
    told = advice(replace(verdict, tasks=tasks), TINY)[1:]
    assert [sentence.split(":")[0] for sentence in told] == [
        "Lower the loss on B by 20.0%",
        "Lower the loss on A by 5.0%",
    ]
