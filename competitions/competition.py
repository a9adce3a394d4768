"""A competition: every constant of the game as one frozen value, checked when it is made. Files are read elsewhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from competitions.check import Invalid, one_of, within
from competitions.epsilon import Epsilon

# The worst loss a sample can have, by method. Bits per byte never usefully exceed 8 (a uniform guess over all bytes);
# instruction following is the share of rules broken, so 1.
WORST_LOSS = {"text": 8.0, "reference": 8.0, "multiple_choice": 8.0, "preference": 8.0, "ifeval": 1.0}

# Larger models are scored in bfloat16: in float32 they are too slow, and too large for the memory of a card.
FLOAT32_PARAMETERS = 1_000_000_000

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_HEX40, _HEX64 = re.compile(r"[0-9a-f]{40}"), re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,200}\.jsonl")
_TASK_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,39}")


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """A model on the hub, pinned: the revision names the commit, the digest what its files must hash to.

    Both stay empty while a file is being written: a validator refuses to open a competition that is not `pinned`, and
    `scripts/pin_competition.py` downloads the model and fills them in.
    """

    repository: str
    revision: str = ""
    digest: str = ""

    def __post_init__(self) -> None:
        if not _REPOSITORY.fullmatch(self.repository):
            raise Invalid("repository", self.repository, "namespace/name")
        if self.revision and not _HEX40.fullmatch(self.revision):
            raise Invalid("revision", self.revision, "40 lowercase hex digits: a commit, not a branch")
        if self.digest and not _HEX64.fullmatch(self.digest):
            raise Invalid("digest", self.digest, "64 lowercase hex digits")


@dataclass(frozen=True, kw_only=True)
class Reference(Pinned):
    """The model that holds the seat until a miner takes it, and by whose known losses a machine checks itself.

    `control_losses` are its losses on the first samples of the control seed, in bits; a validator whose own figures
    are off by more than `control_tolerance` bits anywhere judges nothing.
    """

    control_losses: tuple[float, ...] = ()
    control_tolerance: float = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        within("control_tolerance", self.control_tolerance, 1e-6, 1)
        for loss in self.control_losses:
            within("control_losses", loss, 0, 8)


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """What a submission may be. Sizes in bytes, lengths in tokens.

    `lora` says whether adapters may take part: "no", "allowed" beside full models, or "only". `bases` are the models
    that an adapter may stand on. `tokenizer` is "any", or "reference" where every submission is scored through the
    reference's tokenizer, whatever it brings.
    """

    architectures: tuple[str, ...]
    min_parameters: int = 0
    max_parameters: int
    max_bytes: int
    sequence_length: int
    lora: Literal["no", "allowed", "only"] = "no"
    bases: tuple[Pinned, ...] = ()
    tokenizer: Literal["any", "reference"] = "any"

    def __post_init__(self) -> None:
        if not self.architectures:
            raise Invalid("architectures", [], "at least one class name such as LlamaForCausalLM")
        for name in self.architectures:
            if not re.fullmatch(r"[A-Z][A-Za-z0-9_]*ForCausalLM", name):
                raise Invalid("architectures", name, "class names that end in ForCausalLM")
        within("min_parameters", self.min_parameters, 0)
        within("max_parameters", self.max_parameters, max(self.min_parameters, 1))
        within("max_bytes", self.max_bytes, 1)
        within("sequence_length", self.sequence_length, 16, 1 << 20)
        if self.lora != "no" and not self.bases:
            raise Invalid("bases", [], "at least one base model where LoRA adapters may take part")
        if self.lora == "no" and self.bases:
            raise Invalid("bases", [base.repository for base in self.bases], 'none where lora is "no"')


@dataclass(frozen=True, kw_only=True)
class Training(Pinned):
    """The file that whoever wrote the competition gives to train on: JSON Lines in a dataset repository of the hub.

    The digest is the SHA-256 of the file itself. Validators never read it, and nobody has to train on it.
    """

    file: str

    def __post_init__(self) -> None:
        super().__post_init__()
        # Unlike a model it is filled in by nobody later: whoever publishes the file knows both.
        if not self.revision:
            raise Invalid("revision", self.revision, "40 lowercase hex digits: a commit of the dataset")
        if not self.digest:
            raise Invalid("digest", self.digest, "64 lowercase hex digits: the file's SHA-256")
        if not _FILE.fullmatch(self.file) or ".." in self.file:
            raise Invalid("file", self.file, "the path of a .jsonl file in the repository")


@dataclass(frozen=True, kw_only=True)
class Task:
    """One part of what is measured: samples of a stream, scored by a method, `weight` of a round's batches."""

    name: str
    method: str
    stream: str
    weight: float
    options: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _TASK_NAME.fullmatch(self.name):
            raise Invalid("name", self.name, "up to 40 capitals, digits and underscores")
        one_of("method", self.method, WORST_LOSS, "one of " + ", ".join(WORST_LOSS))
        if not self.stream:
            raise Invalid("stream", self.stream, "the name of a stream")
        within("weight", self.weight, 1e-6, 1)

    @property
    def worst(self) -> float:
        """The worst loss that a sample of this task can have."""
        return WORST_LOSS[self.method]


@dataclass(frozen=True, kw_only=True)
class Round:
    """How often and how much is measured. Blocks of 12 s: 360 blocks are 72 minutes."""

    sync_blocks: int = 360
    eval_delay: int = 360
    batches: int = 240
    batch_size: int = 4
    challengers: int = 16

    def __post_init__(self) -> None:
        within("sync_blocks", self.sync_blocks, 1)
        within("eval_delay", self.eval_delay, 0)
        within("batches", self.batches, 1, 100_000)
        within("batch_size", self.batch_size, 1, 1024)
        within("challengers", self.challengers, 1, 1024)


@dataclass(frozen=True, kw_only=True)
class Judge:
    """The constants of the duel and the seat.

    `floor` is in bits, `season_blocks` in blocks (50,400 are a week). `alpha` bounds the chance that a challenger
    which is no better takes the seat, `stop_alpha` the chance that one as good as the champion is stopped early.
    The rounds are rounds of the competition, not of the subnet.
    """

    floor: float = 0.001
    season_blocks: int = 50_400
    alpha: float = 1e-4
    stop_alpha: float = 0.01
    unreachable_rounds: int = 3
    missed_rounds: int = 3
    differing_rounds: int = 2

    def __post_init__(self) -> None:
        within("floor", self.floor, 0, 1)
        within("season_blocks", self.season_blocks, 1)
        within("alpha", self.alpha, 1e-12, 0.5)
        within("stop_alpha", self.stop_alpha, 1e-12, 0.5)
        within("unreachable_rounds", self.unreachable_rounds, 1)
        within("missed_rounds", self.missed_rounds, 1)
        within("differing_rounds", self.differing_rounds, 1)


@dataclass(frozen=True, kw_only=True)
class Precision:
    """The arithmetic of scoring. `hardware` names the class of machine on which bfloat16 figures agree."""

    dtype: Literal["float32", "bfloat16"] = "float32"
    hardware: str = ""

    def __post_init__(self) -> None:
        if self.dtype == "bfloat16" and not self.hardware:
            raise Invalid("hardware", "", "the class of machine that validators must share for bfloat16")


@dataclass(frozen=True, kw_only=True)
class Competition:
    """One competition between two blocks, both of which belong to it; without a last block it runs on."""

    id: int
    title: str
    reward: float
    first_block: int
    last_block: int | None = None
    constraints: Constraints
    epsilon: Epsilon
    reference: Reference
    tasks: tuple[Task, ...]
    round: Round = Round()
    judge: Judge = Judge()
    precision: Precision = Precision()
    training: Training | None = None

    def __post_init__(self) -> None:
        within("id", self.id, 0, 999_999_999)
        if not self.title.strip() or len(self.title) > 80:
            raise Invalid("title", self.title, "1 to 80 characters")
        within("reward", self.reward, 0, 1)
        within("first_block", self.first_block, 0)
        if self.last_block is not None:
            within("last_block", self.last_block, self.first_block)
        if not self.tasks:
            raise Invalid("tasks", [], "at least one task")
        names = [task.name for task in self.tasks]
        if len(set(names)) < len(names):
            raise Invalid("tasks", names, "tasks of different names")
        total = sum(task.weight for task in self.tasks)
        if abs(total - 1) > 1e-9:
            raise Invalid("tasks.weight", round(total, 9), "weights that sum to 1")
        large = self.constraints.max_parameters > FLOAT32_PARAMETERS
        if large and self.precision.dtype == "float32":
            raise Invalid(
                "precision.dtype", "float32", f"bfloat16 where models may exceed {FLOAT32_PARAMETERS:,} parameters"
            )

    def runs_at(self, block: int) -> bool:
        """Whether the block belongs to this competition."""
        return self.first_block <= block and (self.last_block is None or block <= self.last_block)

    @property
    def pinned(self) -> bool:
        """Whether the reference, its control losses and every base are pinned, so that the competition may open."""
        models: tuple[Pinned, ...] = (self.reference, *self.constraints.bases)
        return all(one.revision and one.digest for one in models) and bool(self.reference.control_losses)
