"""The isolated scorer: the figures of the scorer in this process, one worker a full model, and an end to what hangs."""

import os
import signal
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from finetune.errors import ModelRejected, ScorerUnavailable, ScoringError
from finetune.evals.handle import Limits
from finetune.evals.isolated import IsolatedScorer, default_limits
from finetune.evals.port import Folders
from finetune.evals.scorer import LocalScorer
from finetune.isolation.level import Level
from finetune.isolation.trial import find_level
from finetune.mining.train import Lora, Recipe, train
from tests.finetune.evals.models import chat, text

ITEMS = [("reference", chat("sort: b a", "a b")), ("text", text("The quick brown fox")), ("text", text("x" * 40))]
LEVEL = find_level(unsafe=True)


@pytest.fixture(scope="module")
def scorer():
    with IsolatedScorer(level=LEVEL) as scorer:
        yield scorer


@pytest.fixture(scope="module")
def adapters(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("adapters")
    for seed in range(2):
        recipe = Recipe(
            steps=4, batch_size=1, learning_rate=0.05, warmup_steps=0, sequence_length=64, seed=seed, lora=Lora(rank=2)
        )
        train(tiny, folder / str(seed), (text(f"{seed} pears"),) * 4, recipe)
    return [folder / "0", folder / "1"]


def scores(scorer, folders: Folders, items=ITEMS) -> list[float]:
    return list(scorer.losses(folders, items, sequence_length=64, dtype="float32"))


def pid(scorer: IsolatedScorer) -> int:
    assert scorer._worker is not None
    return scorer._worker._child.pid


def test_its_figures_are_those_of_the_scorer_in_this_process(scorer, tiny: Path, adapters: list[Path]):
    local = LocalScorer()
    for folders in (Folders(model=tiny), *(Folders(model=one, base=tiny) for one in adapters)):
        assert scores(scorer, folders) == scores(local, folders)


def test_one_worker_serves_a_model_and_the_adapters_over_it(scorer, tiny: Path, adapters: list[Path]):
    scores(scorer, Folders(model=tiny))
    first = pid(scorer)
    for one in adapters:
        scores(scorer, Folders(model=one, base=tiny))
    assert pid(scorer) == first


def test_another_full_model_gets_another_worker(scorer, tiny: Path):
    scores(scorer, Folders(model=tiny))
    first = pid(scorer)
    scores(scorer, Folders(model=tiny.parent / "base"))
    assert pid(scorer) != first
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


def test_stopped_early_it_is_ready_for_the_next(scorer, tiny: Path, adapters: list[Path]):
    whole = scores(scorer, Folders(model=adapters[0], base=tiny))
    first = pid(scorer)
    scoring = scorer.losses(Folders(model=adapters[0], base=tiny), ITEMS, sequence_length=64, dtype="float32")
    assert next(scoring) == whole[0]
    scoring.close()
    assert scores(scorer, Folders(model=adapters[1], base=tiny)) != whole
    assert pid(scorer) == first


def test_a_worker_that_is_killed_midway_loses_nothing_already_scored(scorer, tiny: Path):
    expected = scores(scorer, Folders(model=tiny))
    scoring = scorer.losses(Folders(model=tiny), ITEMS, sequence_length=64, dtype="float32")
    found = [next(scoring), next(scoring)]
    os.killpg(pid(scorer), signal.SIGKILL)
    with pytest.raises(ModelRejected, match=r"ended by signal 9 \(Killed\) in phase 'scoring'") as caught:
        next(scoring)
    assert caught.value.rejection.reason == "crashed"
    assert found == expected[:2]
    assert scores(scorer, Folders(model=tiny)) == expected


def test_a_worker_that_is_stopped_from_outside_is_no_models_fault(scorer, tiny: Path):
    scoring = scorer.losses(Folders(model=tiny), ITEMS, sequence_length=64, dtype="float32")
    next(scoring)
    os.killpg(pid(scorer), signal.SIGTERM)
    with pytest.raises(ScorerUnavailable, match="stopped from outside in phase 'scoring'"):
        next(scoring)


def test_a_broken_adapter_ends_the_worker_and_the_next_is_scored(scorer, tmp_path: Path, tiny: Path, adapters):
    weights = load_file(adapters[0] / "adapter_model.safetensors")
    weights.popitem()
    save_file(weights, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text((adapters[0] / "adapter_config.json").read_text())
    expected = scores(scorer, Folders(model=adapters[1], base=tiny))
    with pytest.raises(ScoringError, match="found absent"):
        scores(scorer, Folders(model=tmp_path, base=tiny))
    assert scorer._worker is None
    assert scores(scorer, Folders(model=adapters[1], base=tiny)) == expected


def test_a_base_that_cannot_be_loaded_is_no_submissions_fault(scorer, tmp_path: Path, adapters: list[Path]):
    with pytest.raises(ScorerUnavailable, match="the base in"):
        scores(scorer, Folders(model=adapters[0], base=tmp_path))


def test_a_submission_that_takes_too_long_in_all_is_ended(tiny: Path):
    # Once the worker has started, every look at this clock finds 10 seconds gone: the job may take 200 of them.
    ticks = iter(range(0, 10_000_000, 10))
    limits = Limits(seconds=200, answer_seconds=1000, memory=default_limits().memory)
    with IsolatedScorer(level=LEVEL, limits=limits, clock=lambda: next(ticks) if scorer._worker else 0) as scorer:
        with pytest.raises(ModelRejected, match="took more than 200 seconds in all") as caught:
            scores(scorer, Folders(model=tiny), ITEMS * 20)
        assert caught.value.rejection.reason == "too_slow"
        assert scorer._worker is None


def test_leaving_it_ends_its_worker(tiny: Path):
    with IsolatedScorer(level=LEVEL) as scorer:
        scores(scorer, Folders(model=tiny), [])
        worker = pid(scorer)
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
    scorer.close()


def test_the_level_is_named():
    assert IsolatedScorer(level=Level.LANDLOCK).isolation == "landlock"
