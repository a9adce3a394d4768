"""A recipe: every value of a training as one frozen value, checked when it is made. It knows no file and no model."""

from dataclasses import dataclass
from typing import Literal

from competitions.check import Invalid, within
from finetune.evals.runtime import DType
from finetune.hub.config_gate import MAX_RANK

LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train. docs/training.md says what each key does and when to turn it.

    `learns` is what of a sample counts: its reply, or the better of two replies over the worse one. `trains` says which
    weights change. `batch_size` is in samples of one pass on one device, `sequence_length` in tokens, prompt and reply
    together. The learning rate rises linearly over the share `warmup` of all steps, then falls along a half cosine.
    """

    learns: Literal["replies", "pairs"]
    trains: Literal["all", "top_layers", "adapter"]
    four_bit: bool = False
    top_layers: int = 1
    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.0
    targets: tuple[str, ...] = LINEAR
    beta: float = 0.1
    sequence_length: int
    epochs: float
    steps: int
    batch_size: int
    accumulation: int
    learning_rate: float
    warmup: float
    weight_decay: float
    gradient_norm: float
    noise: float = 0.0
    dtype: DType
    checkpointing: bool
    packing: bool = False
    evaluations: int
    patience: int
    held_out_samples: int
    seed: int

    def __post_init__(self) -> None:
        within("top_layers", self.top_layers, 1)
        within("rank", self.rank, 1, MAX_RANK)
        within("alpha", self.alpha, 1e-6, 1e6)
        within("dropout", self.dropout, 0, 0.9)
        if not self.targets or not all(self.targets):
            raise Invalid("targets", list(self.targets), "names of matrices inside the layers, such as q_proj")
        within("beta", self.beta, 1e-4, 100)
        within("sequence_length", self.sequence_length, 2, 1 << 20)
        within("epochs", self.epochs, 1e-3, 10_000)
        within("steps", self.steps, 0, 10_000_000)
        within("batch_size", self.batch_size, 1, 4096)
        within("accumulation", self.accumulation, 1, 4096)
        within("learning_rate", self.learning_rate, 1e-9, 1)
        within("warmup", self.warmup, 0, 0.5)
        within("weight_decay", self.weight_decay, 0, 1)
        within("gradient_norm", self.gradient_norm, 1e-3, 1000)
        within("noise", self.noise, 0, 100)
        within("evaluations", self.evaluations, 2, 1000)
        within("patience", self.patience, 0, 1000)
        within("held_out_samples", self.held_out_samples, 1, 100_000)
        within("seed", self.seed, 0, 2**32 - 1)
        if self.four_bit and self.trains != "adapter":
            raise Invalid("four_bit", True, 'false where trains is not "adapter": four bits are too few to learn in')
        if self.packing and self.learns == "pairs":
            raise Invalid("packing", True, 'false where learns is "pairs"')
