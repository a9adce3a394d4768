"""Benchmark `duel` on a tiny model: that a better model wins and noise does not, and on which texts."""

from dataclasses import replace

import pytest

from finetune.benchmarks import duel as benchmark
from finetune.benchmarks.duel import duel
from finetune.benchmarks.result import Result
from finetune.benchmarks.setting import Setting
from finetune.errors import SetupError
from finetune.rehearsal.show import Show


@pytest.fixture
def few(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> Setting:
    """Rounds of 20 batches, one fine-tune that learns fast, and one copy."""
    monkeypatch.setattr(benchmark, "STEPS", (40,))
    monkeypatch.setattr(benchmark, "NOISES", (1e-3,))
    monkeypatch.setattr(benchmark, "_RECIPE", replace(benchmark._RECIPE, learning_rate=5e-3))
    return replace(setting, samples=20, repeats=2)


@pytest.fixture
def result(few: Setting, show: Show) -> Result:
    return duel(few, show)


def test_a_fine_tune_that_is_better_takes_the_seat_and_a_noisy_copy_is_stopped_early(result: Result) -> None:
    tuned, noisy = result.ways["40 steps"], result.ways["noise 0.001"]
    assert tuned["part_of_loss"] < 0.95
    assert 18 <= tuned["old_seat_after"] <= tuned["new_seat_after"] <= tuned["old_batches"] == 40
    assert noisy["part_of_loss"] == pytest.approx(1, abs=0.01)
    for age in ("old", "new"):
        assert noisy[f"{age}_seat_after"] is None
        assert noisy[f"{age}_batches"] <= 20, "stopped early in both rounds"
        assert noisy[f"{age}_losses"] > noisy[f"{age}_wins"]


def test_distance_says_how_far_the_weights_have_moved(result: Result) -> None:
    assert result.ways["noise 0.001"]["distance"] == pytest.approx(0.001, rel=0.3)
    assert result.ways["40 steps"]["distance"] > 0.001


def test_no_text_is_both_learnt_and_scored(few: Setting, show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    learnt, scored = set(), set()

    def keep_learnt(base, out, samples, recipe, *, on_step) -> None:
        learnt.update(next(samples).reference for _ in range(recipe.steps * recipe.batch_size))
        raise KeyboardInterrupt

    def keep_scored(scorer, folders, samples, competition):
        scored.update(one.sample.reference for one in samples)
        return real(scorer, folders, samples, competition)

    real = benchmark.score_all
    monkeypatch.setattr(benchmark, "train", keep_learnt)
    monkeypatch.setattr(benchmark, "score_all", keep_scored)
    with pytest.raises(KeyboardInterrupt):
        duel(few, show)
    assert len(scored) == 40
    assert len(learnt) == 160
    assert not learnt & scored


def test_more_batches_than_texts_are_refused(few: Setting, show: Show) -> None:
    with pytest.raises(SetupError, match="a duel of 202 batches needs as many texts; there are 200"):
        duel(replace(few, samples=101), show)
