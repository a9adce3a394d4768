"""TRL's trainers with our held-out measure and checkpoints that are whole or ignored.

Importing it imports TRL, which takes ten seconds: only what is about to train does.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import datasets
import torch
from accelerate.utils import gather_object
from safetensors import SafetensorError
from transformers import PrinterCallback, TrainerCallback
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from finetune.errors import SetupError
from finetune.evals.quiet import quiet
from finetune.mining.recipes.checkpoints import keep, mark_whole, of_step
from finetune.mining.recipes.examples import Columns
from finetune.mining.recipes.learner import Learner
from finetune.mining.recipes.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

HELD_OUT = "eval_held_out"
# What is logged between two measurements is drawn as the curve: this many points are enough.
_LOGGED = 500

# The losses of some samples, by their places among those held out.
Measure = Callable[[Sequence[int]], list[float]]
# Step, steps, and what there is of the training loss and of the held-out loss.
Tell = Callable[[int, int, float | None, float | None], None]


class _Ours:
    """What both trainers do in our way."""

    measure: Measure
    held_out: int
    patience: int

    def evaluate(self: Any, *_: Any, **__: Any) -> dict[str, float]:
        """Measure the held-out loss; each process takes its share of the samples."""
        rank, processes = self.accelerator.process_index, self.accelerator.num_processes
        places = list(range(rank, self.held_out, processes))
        mine = list(zip(places, self.measure(places), strict=True))
        found = sorted(gather_object(mine))
        metrics = {HELD_OUT: sum(loss for _, loss in found) / len(found)}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def training_step(self: Any, *args: Any, **kwargs: Any) -> Any:
        """As the library's, but a loss that is no number ends the training: nothing after it would be one."""
        loss = super().training_step(*args, **kwargs)  # type: ignore[misc]
        worst = loss if self.accelerator.num_processes == 1 else self.accelerator.gather(loss).sum()
        if not torch.isfinite(worst):
            raise SetupError(
                f"the loss of step {self.state.global_step + 1} is {loss.item()}: nothing can be learned from here; "
                "train with a lower learning_rate or gradient_norm, or with dtype float32"
            )
        return loss

    def _save_checkpoint(self: Any, model: Any, trial: Any) -> None:
        """As the library's, then the mark, when every process has written its part; the best and the last are kept."""
        progress, state = Path(self.args.output_dir), self.state
        folder = of_step(progress, state.global_step)
        try:
            super()._save_checkpoint(model, trial)  # type: ignore[misc]
        except (OSError, RuntimeError, SafetensorError) as error:
            # torch's writer raises RuntimeError when the disk is full.
            reason = str(error).splitlines()[0]
            raise SetupError(
                f"{folder} cannot be written: {reason:.200}; make room and start again: the training goes on "
                "from the checkpoint before"
            ) from error
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            mark_whole(folder)
            keep(progress, {state.global_step, state.best_global_step})

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """None: a checkpoint is read by this program alone."""

    def gives_up(self: Any, history: Sequence[dict[str, Any]]) -> bool:
        """Whether there was no new best for as many measurements as the recipe has patience."""
        return bool(stale(history) >= self.patience > 0)


class _Replies(_Ours, SFTTrainer):  # type: ignore[misc]
    """Learns the replies of rows with `input_ids` and `labels`."""


class _Pairs(_Ours, DPOTrainer):  # type: ignore[misc]
    """Learns to prefer one reply over another."""

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        """Nothing: the rows are token ids already, and a reply ends where it is scored to end."""
        return dataset


class _Telling(TrainerCallback):  # type: ignore[misc]
    """Measures the base before the first step, stops early, and tells of every step that is logged."""

    def __init__(self, trainer: Any, tell: Tell) -> None:
        self.trainer, self.tell = trainer, tell

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        find_best(state, Path(args.output_dir))
        if state.global_step == 0:
            self.trainer.state = state
            self.trainer.evaluate()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:  # noqa: ARG002
        if state.is_world_process_zero and ("loss" in logs or HELD_OUT in logs):
            self.tell(state.global_step, state.max_steps, logs.get("loss"), logs.get(HELD_OUT))

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        if self.trainer.gives_up(state.log_history):
            control.should_training_stop = True


def stale(history: Sequence[dict[str, Any]]) -> int:
    """How many measurements there have been since the best one; the base's own does not count as one."""
    losses = [one[HELD_OUT] for one in history if HELD_OUT in one and one["step"] > 0]
    return len(losses) - 1 - losses.index(min(losses)) if losses else 0


def find_best(state: Any, folder: Path) -> None:
    """Name the best checkpoint by the folder as it is called now: it may have been moved, or named otherwise."""
    if state.best_global_step:
        state.best_model_checkpoint = str(of_step(folder, state.best_global_step))


def make_trainer(
    learner: Learner,
    columns: Columns,
    tokenizer: "PreTrainedTokenizerBase",
    recipe: Recipe,
    folder: Path,
    *,
    measure: Measure,
    held_out: int,
    tell: Tell,
    cpu: bool,
    wandb: bool,
) -> Any:
    """A trainer that has not begun. Raises `SetupError` where the library refuses what the recipe asks for."""
    # Padding is masked, so that any token will do; the library looks for one before it asks.
    tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    values = _arguments(recipe, folder, cpu=cpu, wandb=wandb)
    rows = datasets.Dataset.from_dict(columns)
    try:
        if recipe.learns == "pairs":
            kind, arguments = _Pairs, DPOConfig(**values, beta=recipe.beta, max_length=None)
            extra = {"ref_model": learner.reference}
        else:
            skip = {"skip_prepare_dataset": not recipe.packing}
            packing = {"packing": recipe.packing, "max_length": recipe.sequence_length}
            kind, arguments = _Replies, SFTConfig(**values, **packing, dataset_kwargs=skip)
            extra = {}
        trainer = kind(
            model=learner.model,
            args=arguments,
            train_dataset=rows,
            # Never read, as the measurement is ours; without one the library would not measure at all.
            eval_dataset=rows.select([0]),
            processing_class=tokenizer,
            **extra,
        )
    except ValueError as error:
        raise SetupError(f"the recipe cannot be followed here: {str(error).splitlines()[0]}") from error
    if recipe.four_bit:
        # TRL rounds what learns to bfloat16 here, in which small steps are lost and from which none can go on exactly.
        for weight in learner.model.parameters():
            if weight.requires_grad:
                weight.data = weight.data.float()
    trainer.measure, trainer.held_out, trainer.patience = measure, held_out, recipe.patience
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(_Telling(trainer, tell))
    return trainer


def _arguments(recipe: Recipe, folder: Path, *, cpu: bool, wandb: bool) -> dict[str, Any]:
    """The recipe in the library's own names."""
    return {
        "output_dir": str(folder),
        "per_device_train_batch_size": recipe.batch_size,
        "gradient_accumulation_steps": recipe.accumulation,
        "num_train_epochs": recipe.epochs,
        "max_steps": recipe.steps or -1,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": recipe.warmup,
        "weight_decay": recipe.weight_decay,
        "adam_beta2": 0.95,
        "max_grad_norm": recipe.gradient_norm,
        "neftune_noise_alpha": recipe.noise or None,
        "bf16": recipe.dtype == "bfloat16",
        "gradient_checkpointing": recipe.checkpointing,
        "logging_steps": 1 / _LOGGED,
        "logging_nan_inf_filter": False,
        "eval_strategy": "steps",
        "eval_steps": 1 / recipe.evaluations,
        "save_strategy": "steps",
        "save_steps": 1 / recipe.evaluations,
        # Ours to remove: the library would begin with an old one before the new one has its mark.
        "save_total_limit": None,
        "load_best_model_at_end": True,
        "metric_for_best_model": HELD_OUT,
        "greater_is_better": False,
        "seed": recipe.seed,
        "use_cpu": cpu,
        "dataloader_pin_memory": not cpu and torch.cuda.is_available(),
        "report_to": ["wandb"] if wandb else [],
        "disable_tqdm": True,
        "log_level": "error",
        "log_level_replica": "error",
        "ddp_find_unused_parameters": False,
    }


@contextmanager
def silent() -> Iterator[None]:
    """No bars, warnings or notes of the libraries inside; errors stay."""
    bars = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if not bars:
            datasets.enable_progress_bars()
