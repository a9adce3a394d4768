"""Score: the losses as they count, stopped early by rule, and the control."""

import math
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from competitions.batches import batch_losses
from competitions.competition import Competition
from competitions.duel import Tally
from finetune.errors import ScoringError
from finetune.evals.counting import score_all
from finetune.evals.port import Folders
from finetune.streams.drawing import TaskSample, draw_samples
from finetune.streams.registry import open_stream
from finetune.streams.sources import Window
from finetune.validating.control import ControlFailed, check_control
from finetune.validating.score import score_challenger

FOLDERS = Folders(model=Path("nowhere"))
NO_DUEL = Tally(wins=0, losses=0, batches=0, champion_mean=math.inf, challenger_mean=math.inf)
EPSILON = 0.05


class Given:
    """A scorer that yields what a function says, sample by sample, and notes that it was closed."""

    def __init__(self, loss: Callable[[int], float], count: int = 10**6) -> None:
        self.loss, self.count = loss, count
        self.yielded, self.closed = 0, False

    def losses(self, folders, items, *, sequence_length, dtype) -> Generator[float, None, None]:
        try:
            for number in range(min(len(items), self.count)):
                self.yielded += 1
                yield self.loss(number)
        finally:
            self.closed = True


@pytest.fixture(scope="module")
def samples(competition: Competition) -> tuple[TaskSample, ...]:
    found = draw_samples(competition, bytes(32), open_stream, Window(start=0.0, end=0.0)).samples
    assert len(found) == 120
    return found


def challenge(scorer, samples, competition, *, champion: float = 1.0, before: Tally = NO_DUEL):
    found, stopped, _ = score_challenger(
        scorer, FOLDERS, samples, competition, champion=np.full(60, champion), epsilon=EPSILON, before=before
    )
    return found, stopped


@pytest.mark.parametrize(
    ("raw", "counted"),
    [(math.nan, 8.0), (math.inf, 8.0), (-math.inf, 8.0), (9.5, 8.0), (-1.0, 0.0), (0.5, 0.5)],
)
def test_a_loss_counts_between_zero_and_the_worst_and_what_is_no_number_is_the_worst(
    competition, samples, raw, counted
):
    found = score_all(Given(lambda number: raw if number == 3 else 1.0), FOLDERS, samples, competition)
    assert found.shape == (120,)
    assert found[3] == counted
    assert found[2] == 1.0


def test_losses_that_a_scorer_leaves_out_are_the_worst(competition, samples):
    found = score_all(Given(lambda _: 1.0, count=110), FOLDERS, samples, competition)
    assert found.tolist() == [1.0] * 110 + [8.0] * 10


def test_what_a_scorer_yields_beyond_the_samples_is_never_read(competition, samples):
    scorer = Given(lambda _: 1.0)
    score_all(scorer, FOLDERS, samples[:4], competition)
    assert (scorer.yielded, scorer.closed) == (4, True)


def test_a_better_challenger_is_scored_to_the_end(competition, samples):
    found, stopped = challenge(Given(lambda _: 0.5), samples, competition)
    assert (len(found), stopped) == (120, None)


def test_a_challenger_that_loses_every_batch_is_stopped_after_eleven_and_its_model_let_go(competition, samples):
    scorer = Given(lambda _: 1.5)
    found, stopped = challenge(scorer, samples, competition)
    assert (len(found), stopped) == (22, "behind")
    assert (scorer.yielded, scorer.closed) == (22, True)


def test_a_copy_that_neither_wins_nor_loses_is_stopped_after_eleven(competition, samples):
    found, stopped = challenge(Given(lambda _: 1.0), samples, competition)
    assert (len(found), stopped) == (22, "behind")


def test_what_a_challenger_did_in_earlier_rounds_counts(competition, samples):
    before = Tally(wins=0, losses=10, batches=10, champion_mean=1.0, challenger_mean=1.5)
    found, stopped = challenge(Given(lambda _: 1.5), samples, competition, before=before)
    assert (len(found), stopped) == (2, "behind")


def test_a_copy_known_from_earlier_rounds_is_stopped_after_one_batch(competition, samples):
    before = Tally(wins=0, losses=0, batches=11, champion_mean=1.0, challenger_mean=1.0)
    found, stopped = challenge(Given(lambda _: 1.0), samples, competition, before=before)
    assert (len(found), stopped) == (2, "behind")


def test_one_that_cannot_dethrone_any_more_in_this_round_is_stopped_as_out_of_reach(competition, samples):
    # Every second batch is lost. After 13 lost and 12 won, the 35 left make 47 to 13 at best: evidence of 3,658.
    found, stopped = challenge(Given(lambda number: 1.5 if number // 2 % 2 == 0 else 0.5), samples, competition)
    assert (len(found) // 2, stopped) == (25, "out_of_reach")


def test_nan_beats_nobody_and_loses_to_everybody(competition, samples):
    found, stopped = challenge(Given(lambda _: math.nan), samples, competition)
    assert (len(found), stopped) == (22, "behind")
    assert set(found) == {8.0}


def test_a_model_that_fails_half_way_is_an_error_and_no_half_result(competition, samples):
    def fail(number: int) -> float:
        if number == 30:
            raise ScoringError("it broke")
        return 0.5

    with pytest.raises(ScoringError, match="it broke"):
        challenge(Given(fail), samples, competition)


def test_a_batch_is_judged_by_the_mean_of_its_samples(competition, samples):
    found, _ = challenge(Given(lambda number: 0.2 if number % 2 else 1.4), samples, competition)
    assert batch_losses(found, 2) == pytest.approx(np.full(60, 0.8))


@pytest.mark.parametrize("off", [0.0, 0.02, -0.02])
def test_control_losses_within_the_tolerance_pass(competition, off):
    exact = replace(competition, reference=replace(competition.reference, control_losses=(1.0, 2.0)))
    check_control((1.0, 2.0 + off * 0.99), exact)


@pytest.mark.parametrize("found", [2.03, 1.97, math.nan])
def test_one_control_loss_off_by_more_than_the_tolerance_fails_the_machine(competition, found):
    exact = replace(competition, reference=replace(competition.reference, control_losses=(1.0, 2.0)))
    with pytest.raises(ControlFailed, match=r"control sample 1 of competition 1.*known is 2\.0000.*0\.02"):
        check_control((1.0, found), exact)


def challenge_with_past(scorer, samples, competition):
    return score_challenger(
        scorer,
        FOLDERS,
        samples,
        competition,
        champion=np.full(60, 1.0),
        epsilon=EPSILON,
        before=NO_DUEL,
        past=samples[:10],
    )


def test_one_that_is_not_stopped_is_scored_on_past_samples_too(competition, samples):
    found, stopped, past = challenge_with_past(Given(lambda number: 0.5 if number < 120 else 0.1), samples, competition)
    assert stopped is None
    assert found.tolist() == [0.5] * 120
    assert past.tolist() == [0.1] * 10


def test_one_that_is_stopped_is_not_scored_on_past_samples(competition, samples):
    scorer = Given(lambda number: 1.0)
    found, stopped, past = challenge_with_past(scorer, samples, competition)
    assert stopped == "behind"
    assert len(past) == 0
    assert scorer.yielded == len(found)
    assert scorer.closed
