"""Trains a full model or a LoRA adapter on samples and writes a submission folder. It knows no hub and no stream.

A plain loop: batches of samples, the loss of the reference's tokens alone, AdamW. Prompt and reference go through the
tokenisation of scoring, so what is trained is what is scored.
"""

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.errors import SetupError
from finetune.evals.quiet import quiet
from finetune.evals.runtime import DType, load
from finetune.mining.collate import IGNORED, collate, learnable
from finetune.mining.folders import new_folder
from finetune.mining.writing import write_submission
from finetune.streams.sample import AnySample

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# Added to every step, as usual for language models: it keeps weights from growing where the data asks for nothing.
WEIGHT_DECAY = 0.01
# Largest L2 norm of a step's gradient: one odd batch must not undo the ones before.
GRADIENT_NORM = 1.0


@dataclass(frozen=True, kw_only=True)
class Lora:
    """A low-rank adapter: on each layer named in `targets`, two matrices of rank `rank` scaled by `alpha` / `rank`."""

    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.0
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train. The learning rate rises linearly over `warmup_steps`, then falls along a half cosine to zero.

    `sequence_length` is in tokens, prompt and reference together. Without `lora` every weight is trained.
    """

    steps: int
    batch_size: int
    learning_rate: float
    warmup_steps: int
    sequence_length: int
    seed: int = 0
    lora: Lora | None = None
    dtype: DType = "float32"
    device: str = "cpu"

    def __post_init__(self) -> None:
        rules = (
            ("steps", self.steps >= 1, "at least 1"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("learning_rate", self.learning_rate > 0, "above 0"),
            ("warmup_steps", self.warmup_steps >= 0, "at least 0"),
            ("sequence_length", self.sequence_length >= 2, "at least 2"),
        )
        for key, right, allowed in rules:
            if not right:
                raise SetupError(f"recipe: {key} must be {allowed}; found {getattr(self, key)}")


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """What a training did: the loss of each step in nats per reference token, wall-clock seconds, tokens processed."""

    losses: tuple[float, ...]
    seconds: float
    tokens: int


def train(
    base: Path,
    out: Path,
    samples: Iterable[AnySample],
    recipe: Recipe,
    *,
    on_step: Callable[[int, int, float], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> TrainResult:
    """Train the model in `base` on the first `steps * batch_size` samples and write the new folder `out`.

    A full model is written with its tokenizer; an adapter as its weights and configuration alone. The same arguments
    give the same weights on the same CPU. `on_step(step, steps, loss)` is called after each step, counted from 1; what
    it raises ends the training, and nothing is left behind. Raises `SetupError` if `out` is there already, if the disk
    is full, if the samples do not suffice, or if one has no reference token to learn within the sequence length; and
    `ScoringError` if `base` cannot be loaded.
    """
    import torch

    started = clock()
    with new_folder(out) as folder, torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        loaded = load(base, dtype=recipe.dtype, device=recipe.device)
        model, config = add_adapter(loaded.model, recipe.lora) if recipe.lora else (loaded.model, None)
        losses, tokens = _loop(model, loaded.tokenizer, iter(samples), recipe, on_step)
        write_submission(folder, model, config, loaded.tokenizer)
    return TrainResult(losses=tuple(losses), seconds=clock() - started, tokens=tokens)


def add_adapter(model: "PreTrainedModel", lora: Lora) -> tuple[Any, Any]:
    """The model with a new adapter, whose weights alone are to be trained, and the adapter's configuration.

    Raises `SetupError` where the model lacks the targets.
    """
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=sorted(lora.targets),
        task_type="CAUSAL_LM",
    )
    try:
        with quiet():
            return get_peft_model(model, config), config
    except ValueError as error:
        raise SetupError(f"the adapter does not fit the base: {error}") from error


def _loop(
    model: Any,
    tokenizer: "PreTrainedTokenizerBase",
    samples: Iterator[AnySample],
    recipe: Recipe,
    on_step: Callable[[int, int, float], None] | None,
) -> tuple[list[float], int]:
    """Run all steps: the loss of each, and the number of tokens that went through the model."""
    import torch

    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.learning_rate, betas=(0.9, 0.95), weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate(step, recipe))
    model.train()
    losses, count = [], 0
    for step in range(1, recipe.steps + 1):
        batch = [
            learnable(tokenizer, sample, sequence_length=recipe.sequence_length)
            for sample in itertools.islice(samples, recipe.batch_size)
        ]
        if len(batch) < recipe.batch_size:
            wanted = recipe.steps * recipe.batch_size
            raise SetupError(f"the recipe needs {wanted} samples; they ended in step {step} of {recipe.steps}")
        ids, labels = (tensor.to(recipe.device) for tensor in collate(batch))
        # No attention mask: padding comes last, where no token that counts can see it.
        logits = model(input_ids=ids, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(weights, GRADIENT_NORM)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        count += sum(len(tokens.prompt) + len(tokens.scored) for tokens in batch)
        if on_step:
            on_step(step, recipe.steps, losses[-1])
    return losses, count


def rate(step: int, recipe: Recipe) -> float:
    """The share of the learning rate at `step`, counted from 0: (step + 1) / warm-up, then (1 + cos(pi * x)) / 2."""
    if step < recipe.warmup_steps:
        return (step + 1) / recipe.warmup_steps
    done = (step - recipe.warmup_steps) / max(1, recipe.steps - recipe.warmup_steps)
    return (1 + math.cos(math.pi * done)) / 2
