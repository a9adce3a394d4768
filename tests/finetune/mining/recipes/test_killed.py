"""A training that is killed, anywhere, ends as one that was not: the same bytes in the same files."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from finetune.errors import SetupError
from finetune.mining.recipes.checkpoints import progress_folder
from tests.finetune.mining.recipes.runs import Death, recipe, run, run_apart

# Processes that die and begin anew, after an import that takes ten seconds on a machine with nothing else to do.

# 10 samples make 3 steps an epoch, the last of them short: 6 steps in all, with a checkpoint after each second.
SHORT = ("epochs=2", "batch_size=2", "accumulation=2", "evaluations=3", "learning_rate=0.01")
RECIPES = {
    "full": recipe("full", *SHORT, "noise=5"),
    "lora": recipe("lora", *SHORT, "dropout=0.3"),
    "dpo": recipe("dpo", *SHORT),
    "qlora": recipe("qlora", *SHORT, "dropout=0.3"),
    # Steps so large that the first measurement is the best one, and of three checkpoints the second one goes.
    "worse": recipe("lora", *SHORT, "learning_rate=1", "warmup=0.5", "patience=0"),
    "stops": recipe("lora", *SHORT, "learning_rate=1", "warmup=0.5", "patience=1"),
}


def weights(out: Path) -> bytes:
    (file,) = out.glob("*.safetensors")
    return file.read_bytes()


@pytest.fixture(scope="module")
def uninterrupted(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    folder = tmp_path_factory.mktemp("uninterrupted")

    @cache
    def train(name: str) -> bytes:
        run(base, folder / name, RECIPES[name], samples=10)
        return weights(folder / name)

    return train


def test_killed_at_every_step_it_ends_with_the_same_weights(base: Path, tmp_path: Path, uninterrupted):
    how = RECIPES["lora"]
    for step in range(1, 7):
        assert run_apart(base, tmp_path / "out", how, Death(step=step), samples=10) == -9
        assert not (tmp_path / "out").exists()
    run(base, tmp_path / "out", how, samples=10)
    assert weights(tmp_path / "out") == uninterrupted("lora")
    assert list(progress_folder(tmp_path / "out").glob("checkpoint-*")) == []


@pytest.mark.parametrize("name", ["full", "dpo", "qlora"])
def test_killed_once_it_ends_with_the_same_weights(base: Path, tmp_path: Path, uninterrupted, name: str):
    assert run_apart(base, tmp_path / "out", RECIPES[name], Death(step=5), samples=10) == -9
    steps = []
    run(base, tmp_path / "out", RECIPES[name], samples=10, on_progress=lambda one: steps.append(one.step))
    assert min(steps) == 5  # it went on, and did not begin anew
    assert weights(tmp_path / "out") == uninterrupted(name)


def test_a_half_written_checkpoint_is_ignored(base: Path, tmp_path: Path, uninterrupted):
    assert run_apart(base, tmp_path / "out", RECIPES["full"], Death(half_checkpoint=4), samples=10) == -9
    half = progress_folder(tmp_path / "out") / "checkpoint-4"
    assert (half / "optimizer.pt").read_bytes() == b"half"
    steps = []
    run(base, tmp_path / "out", RECIPES["full"], samples=10, on_progress=lambda one: steps.append(one.step))
    assert min(steps) == 3
    assert weights(tmp_path / "out") == uninterrupted("full")


def test_a_checkpoint_that_is_half_removed_is_ignored(base: Path, tmp_path: Path, uninterrupted):
    assert run_apart(base, tmp_path / "out", RECIPES["worse"], Death(half_removed=4), samples=10) == -9
    half = progress_folder(tmp_path / "out") / "checkpoint-4"
    assert half.exists()
    assert not (half / "adapter_model.safetensors").exists()
    run(base, tmp_path / "out", RECIPES["worse"], samples=10)
    assert weights(tmp_path / "out") == uninterrupted("worse")


@pytest.mark.parametrize(("name", "made"), [("lora", 6), ("stops", 4)])
def test_killed_in_the_middle_of_the_result_it_writes_the_same_one(
    base: Path, tmp_path: Path, uninterrupted, name: str, made: int
):
    assert run_apart(base, tmp_path / "out", RECIPES[name], Death(half_result=True), samples=10) == -9
    progress = progress_folder(tmp_path / "out")
    assert list(progress.glob(".result.*/half"))
    trained = run(base, tmp_path / "out", RECIPES[name], samples=10)
    assert trained is not None
    assert trained.step == made
    assert weights(tmp_path / "out") == uninterrupted(name)
    assert {path.name for path in progress.iterdir()} == {"training.json", "loss.svg"}


@pytest.mark.parametrize("name", ["worse", "stops"])
def test_the_best_is_found_in_a_folder_that_was_moved(base: Path, tmp_path: Path, uninterrupted, name: str):
    assert run_apart(base, tmp_path / "here" / "out", RECIPES[name], Death(half_result=True), samples=10) == -9
    (tmp_path / "here").rename(tmp_path / "there")
    trained = run(base, tmp_path / "there" / "out", RECIPES[name], samples=10)
    assert trained is not None
    assert trained.best_step == 2
    assert weights(tmp_path / "there" / "out") == uninterrupted(name)


def test_a_disk_that_fills_up_is_one_sentence_and_the_training_goes_on_afterwards(
    base: Path, tmp_path: Path, uninterrupted, capfd: pytest.CaptureFixture[str]
):
    size = (base / "model.safetensors").stat().st_size
    # The weights fit, the optimizer's two numbers for each of them do not.
    code = run_apart(base, tmp_path / "out", RECIPES["full"], Death(most_bytes=size + 1000), samples=10)
    assert code == 1
    assert "checkpoint-2 cannot be written" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()
    run(base, tmp_path / "out", RECIPES["full"], samples=10)
    assert weights(tmp_path / "out") == uninterrupted("full")


def test_another_training_does_not_go_on_from_these_checkpoints(base: Path, tmp_path: Path):
    assert run_apart(base, tmp_path / "out", RECIPES["lora"], Death(step=5), samples=10) == -9
    with pytest.raises(SetupError, match=r"another training: learning_rate was 0\.01 and is 0\.02"):
        run(base, tmp_path / "out", recipe("lora", *SHORT, "dropout=0.3", "learning_rate=0.02"), samples=10)
    with pytest.raises(SetupError, match="another training: data was"):
        run(base, tmp_path / "out", RECIPES["lora"], samples=11)
