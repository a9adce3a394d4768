"""Who takes part in a rehearsal, what each of them does, and when. Values only: `play` makes them act."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from finetune.mining.train import Lora, Recipe


@dataclass(frozen=True, kw_only=True)
class Miner:
    """Commits once, in time for round `enters`: what its recipe trains, the untrained base, or another's files."""

    name: str
    enters: int
    recipe: Recipe | None = None
    copies: str | None = None


@dataclass(frozen=True, kw_only=True)
class ValidatorRole:
    """A validator with its own stake in alpha, from round `enters` on; its state is lost before round `wiped`."""

    name: str
    stake: float
    enters: int = 1
    wiped: int | None = None


@dataclass(frozen=True, kw_only=True)
class Delegator:
    """A coldkey that stakes alpha on a validator."""

    name: str
    stake: float
    validator: str


@dataclass(frozen=True, kw_only=True)
class Cast:
    """One rehearsal: the competition file it plays, everybody in it, and how many rounds.

    `best` is the miner that must hold the seat at the end; whoever `copies` must earn nothing.
    """

    competition: str
    base: str
    miners: tuple[Miner, ...]
    validators: tuple[ValidatorRole, ...]
    delegator: Delegator
    rounds: int
    best: str

    @property
    def neurons(self) -> tuple[str, ...]:
        """The names of everybody that registers a hotkey."""
        return (*(one.name for one in self.validators), *(one.name for one in self.miners))


def _tiny(steps: int, seed: int) -> Recipe:
    return Recipe(steps=steps, batch_size=4, learning_rate=3e-3, warmup_steps=5, sequence_length=256, seed=seed)


def tiny_cast(seed: int) -> Cast:
    """Four honest miners of different skill, one copier; a validator that comes late, one that loses its state."""
    return Cast(
        competition="tiny.toml",
        base="tiny-llama",
        miners=(
            Miner(name="idle", enters=1),
            Miner(name="hasty", enters=1, recipe=_tiny(60, seed + 1)),
            Miner(name="steady", enters=2, recipe=_tiny(200, seed + 2)),
            Miner(name="best", enters=3, recipe=_tiny(400, seed + 3)),
            Miner(name="copier", enters=4, copies="best"),
        ),
        validators=(
            ValidatorRole(name="north", stake=5_000.0),
            ValidatorRole(name="east", stake=3_000.0, wiped=5),
            ValidatorRole(name="late", stake=2_000.0, enters=4),
        ),
        delegator=Delegator(name="delegator", stake=1_000.0, validator="east"),
        rounds=7,
        best="best",
    )


def smollm2_cast(seed: int) -> Cast:
    """The real SmolLM2-135M on real English: one miner leaves it as it is, one fine-tunes it with LoRA."""
    recipe = Recipe(
        steps=30,
        batch_size=4,
        learning_rate=2e-3,
        warmup_steps=5,
        sequence_length=192,
        seed=seed + 1,
        lora=Lora(rank=8, alpha=16.0, targets=("q_proj", "v_proj")),
    )
    return Cast(
        competition="smollm2.toml",
        base="smollm2-135m-instruct",
        miners=(Miner(name="idle", enters=1), Miner(name="tuner", enters=1, recipe=recipe)),
        validators=(ValidatorRole(name="north", stake=5_000.0), ValidatorRole(name="east", stake=3_000.0)),
        delegator=Delegator(name="delegator", stake=1_000.0, validator="east"),
        rounds=2,
        best="tuner",
    )


CASTS: Mapping[str, Callable[[int], Cast]] = {"tiny": tiny_cast, "smollm2": smollm2_cast}
