"""Trains by a recipe, from samples to a submission folder. It knows no command line and no competition."""

import copy
import dataclasses
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from finetune.errors import SetupError
from finetune.evals.memory import is_out_of_memory
from finetune.evals.runtime import DType, Loaded
from finetune.evals.tokenizer import load_tokenizer
from finetune.files import write_atomically
from finetune.hub.digest import folder_digest
from finetune.mining.folders import new_folder
from finetune.mining.recipes import checkpoints
from finetune.mining.recipes.curve import draw
from finetune.mining.recipes.examples import Columns, pair_columns, reply_columns
from finetune.mining.recipes.held_out import chosen, loss_of_files, measure, unit
from finetune.mining.recipes.learner import Learner, check_four_bit, open_learner
from finetune.mining.recipes.progress import Progress
from finetune.mining.recipes.recipe import Recipe
from finetune.mining.writing import write_submission
from finetune.streams.sample import AnySample

Device = Literal["auto", "cpu"]
_RESULT = "result"


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a training did. `before` and `after` are the mean held-out losses of base and result, in `unit`.

    `best_step` is the step whose weights the result has, of `step` steps that were made.
    """

    before: float
    after: float
    unit: str
    step: int
    best_step: int
    seconds: float
    curve: Path


def train_recipe(
    base: Path,
    out: Path,
    train: Sequence[AnySample],
    held_out: Sequence[AnySample],
    recipe: Recipe,
    *,
    device: Device = "auto",
    scored_in: DType = "float32",
    wandb: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> Trained | None:
    """Train the model in `base` and write the new folder `out`, whole or not at all.

    Args:
        base: folder of a full model with its tokenizer.
        out: the folder to make: a full model with its tokenizer, or an adapter alone.
        train: what is learned.
        held_out: what is measured and never learned; of many, `recipe.held_out_samples`.
        device: "auto" is what accelerate finds.
        scored_in: the arithmetic of the last measurement, which is on the files as they were written.
        wandb: report to Weights & Biases too, as its own variables say.
        on_progress: called in the first process only.
        clock: seconds, for the time that is left.

    Checkpoints lie in the folder beside it whose name ends in `.training`; with the same arguments a training goes on
    from the last whole one, and ends with the weights of one that was never interrupted. Processes besides the first,
    under accelerate's launcher, return None. Raises `SetupError` if something can be mended, `ScoringError` if the
    base cannot be loaded.
    """
    started = clock()
    _check(out, train, held_out, recipe)
    measured = chosen(held_out, recipe.held_out_samples, recipe.seed)
    folder = checkpoints.progress_folder(out)
    trainer_settings = {"cpu": device == "cpu", "wandb": wandb}
    ended = _train(base, folder, train, measured, recipe, _Telling(on_progress, clock), trainer_settings)
    if ended is None:
        return None
    # Only now that the model which learned has left the memory.
    over = base if recipe.trains == "adapter" else None
    loss_of = partial(
        loss_of_files, samples=measured, sequence_length=recipe.sequence_length, dtype=scored_in, device=ended.device
    )
    after = loss_of(folder / _RESULT, over)
    # A base in four bits, as it was measured while it trained, is worse than the base: too much would be gained.
    before = loss_of(base, None) if recipe.four_bit else ended.held_out[0][1]
    curve = folder / "loss.svg"
    write_atomically(curve, draw(ended.held_out, ended.losses, unit(measured)).encode())
    try:
        (folder / _RESULT).rename(out)
    except OSError as error:
        raise SetupError(f"cannot put the finished folder at {out}: {error}") from error
    checkpoints.sweep(folder, halves=False)
    return Trained(
        before=before,
        after=after,
        unit=unit(measured),
        step=int(ended.held_out[-1][0]),
        best_step=ended.best_step,
        seconds=clock() - started,
        curve=curve,
    )


@dataclass(frozen=True, kw_only=True)
class _Ended:
    """What is left of a training when its model is written: (step, loss) of every report, and where it ran."""

    held_out: list[tuple[float, float]]
    losses: list[tuple[float, float]]
    best_step: int
    device: str


class _Telling:
    """Turns what the trainer logs into `Progress`, with the time that is left."""

    def __init__(self, on_progress: Callable[[Progress], None], clock: Callable[[], float]) -> None:
        self._on_progress, self._clock = on_progress, clock
        self._first: tuple[int, float] | None = None

    def __call__(self, step: int, steps: int, loss: float | None, held_out: float | None) -> None:
        now = self._clock()
        first, began = self._first = self._first or (step, now)
        left = (now - began) / (step - first) * (steps - step) if step > first else None
        self._on_progress(Progress(step=step, steps=steps, loss=loss, held_out=held_out, seconds_left=left))


def _train(
    base: Path,
    folder: Path,
    train: Sequence[AnySample],
    measured: Sequence[AnySample],
    recipe: Recipe,
    tell: _Telling,
    settings: dict[str, bool],
) -> _Ended | None:
    """Train and write the result inside the progress folder; None in processes besides the first."""
    tokenizer = load_tokenizer(base)
    make = pair_columns if recipe.learns == "pairs" else reply_columns
    columns = make(tokenizer, train, recipe.sequence_length)

    from finetune.mining.recipes.trainer import HELD_OUT, make_trainer, silent

    with silent():
        learner = open_learner(base, recipe, cpu=settings["cpu"])
        given = copy.deepcopy((learner.inner.config, learner.inner.generation_config))
        loaded = Loaded(model=learner.inner, tokenizer=load_tokenizer(base))

        def scores(places: Sequence[int]) -> list[float]:
            return measure(loaded, [measured[place] for place in places], sequence_length=recipe.sequence_length)

        trainer = make_trainer(
            learner, columns, tokenizer, recipe, folder, measure=scores, held_out=len(measured), tell=tell, **settings
        )
        _run(trainer, folder, _identity(base, columns, measured, recipe, trainer.accelerator.num_processes))
        if not trainer.is_world_process_zero():
            return None
        # What one that died before the end has left, also in the middle of writing it.
        for left in (*folder.glob(_RESULT), *folder.glob(f".{_RESULT}.*")):
            shutil.rmtree(left, ignore_errors=True)
        with new_folder(folder / _RESULT) as building:
            _write(building, base, learner, given)
    history = trainer.state.log_history
    return _Ended(
        held_out=[(one["step"], one[HELD_OUT]) for one in history if HELD_OUT in one],
        losses=[(one["step"], one["loss"]) for one in history if "loss" in one],
        best_step=int(trainer.state.best_global_step),
        device=trainer.accelerator.device.type,
    )


def _check(out: Path, train: Sequence[AnySample], held_out: Sequence[AnySample], recipe: Recipe) -> None:
    """What can be said before anything is loaded."""
    if out.exists():
        raise SetupError(f"{out} is there already; remove it or name another folder")
    for name, samples in (("train on", train), ("measure on", held_out)):
        if not samples:
            raise SetupError(f"there is no sample to {name}; more data, or another share held out, would give some")
    if recipe.four_bit:
        check_four_bit()


def _identity(
    base: Path, columns: Columns, measured: Sequence[AnySample], recipe: Recipe, processes: int
) -> dict[str, Any]:
    """What makes two trainings the same: recipe, base, every token, what is measured, and the number of processes."""
    data = hashlib.sha256(repr(measured).encode())
    for name, rows in columns.items():
        data.update(name.encode())
        # A row at a time: all of them as one text would take more memory than they do.
        for row in rows:
            data.update(json.dumps(row).encode())
    return {
        **dataclasses.asdict(recipe),
        "base": folder_digest(base),
        "data": data.hexdigest(),
        "processes": processes,
    }


def _run(trainer: Any, folder: Path, identity: dict[str, Any]) -> None:
    """Train to the end, from the last whole checkpoint if there is one; the best weights are in place afterwards."""
    from wandb.errors import Error as WandbError

    from finetune.mining.recipes.trainer import find_best

    if trainer.is_world_process_zero():
        checkpoints.claim(folder, identity)
        checkpoints.sweep(folder, halves=True)
    trainer.accelerator.wait_for_everyone()
    newest = checkpoints.newest(folder)
    if newest is not None and trainer.gives_up(checkpoints.history(newest)):
        # It had stopped early and died before the result was written: another step would be one too many.
        trainer.state = trainer.state.load_from_json(str(newest / "trainer_state.json"))
        find_best(trainer.state, folder)
        trainer._load_best_model()
        return
    try:
        trainer.train(resume_from_checkpoint=str(newest) if newest else None)
    except WandbError as error:
        raise SetupError(f"wandb cannot be reported to: {str(error).splitlines()[0]:.200}") from error
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise SetupError(
            "training needs more memory than there is: halve batch_size and double accumulation, set checkpointing "
            "to true, or train with the recipe lora or qlora"
        ) from error


def _write(folder: Path, base: Path, learner: Learner, given: tuple[Any, Any]) -> None:
    """The submission's files; a full model in the numbers that the base is stored in, as sizes are limited.

    `given` are the model's configurations as they were before the trainer's library wrote its own tokens into them.
    """
    import torch

    if learner.adapter is None:
        inner: Any = learner.inner
        inner.config, inner.generation_config = given
        inner.to(getattr(torch, _stored_in(base)))
    write_submission(folder, learner.model, learner.adapter, load_tokenizer(base))


def _stored_in(base: Path) -> str:
    """The dtype of most numbers in the base's files, as torch calls it."""
    from finetune.hub.files import weight_files
    from finetune.hub.safetensors_header import read_header

    sizes: dict[str, int] = {}
    for file in weight_files(base):
        for tensor in read_header(file):
            sizes[tensor.dtype] = sizes.get(tensor.dtype, 0) + tensor.parameters
    return {"BF16": "bfloat16", "F16": "float16"}.get(max(sizes, key=lambda name: sizes[name]), "float32")
