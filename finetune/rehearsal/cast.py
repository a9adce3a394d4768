"""Who takes part in a rehearsal, what each of them does, and when. Values only: `play` makes them act."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from finetune.mining.train import Lora, Recipe
from finetune.rehearsal.attacks.attack import VICTIM, VICTIM_ENTERS, Attack, ValidatorAttack

CREATOR = "creator"  # who wrote the competition, where that is not the owner


@dataclass(frozen=True, kw_only=True)
class Miner:
    """Commits once, in time for round `enters`: what its recipe trains, the untrained base, or another's files.

    A training `node` fetches base and training file by itself, trains and publishes, all in one call; `base` is the
    repository of the base it chooses. `refused` is the reason for which validators must reject the submission.
    """

    name: str
    enters: int
    recipe: Recipe | None = None
    copies: str | None = None
    node: bool = False
    base: str | None = None
    refused: str = ""


@dataclass(frozen=True, kw_only=True)
class ValidatorRole:
    """A validator with its own stake in alpha, from round `enters` on; its state is lost before round `wiped`."""

    name: str
    stake: float
    enters: int = 1
    wiped: int | None = None


@dataclass(frozen=True, kw_only=True)
class Delegator:
    """A coldkey that stakes alpha on a validator, in time for round `enters`."""

    name: str
    stake: float
    validator: str
    enters: int = 1


@dataclass(frozen=True, kw_only=True)
class CreatorRole:
    """A task creator: a file of `training_rows`, hidden rows in so many `parts`, and a second base of that name."""

    training_rows: int
    rows_a_part: int
    parts: int
    small_base: str


@dataclass(frozen=True, kw_only=True)
class Cast:
    """One rehearsal: the competition file it plays, everybody in it, and how many rounds.

    `best` is the miner that must hold the seat at the end; whoever `copies` must earn nothing, and so must `attacks`.
    `schooling` trains the base before anybody gets it, on samples of the streams in `lessons`, or of the competition's
    own where none are named. `rogues` are validators that do not play as the others do.
    """

    competition: str
    base: str
    miners: tuple[Miner, ...]
    validators: tuple[ValidatorRole, ...]
    delegator: Delegator
    rounds: int
    best: str
    schooling: Recipe | None = None
    attacks: tuple[Attack, ...] = ()
    rogues: tuple[ValidatorAttack, ...] = ()
    lessons: tuple[str, ...] = ()
    creator: CreatorRole | None = None

    @property
    def everyone(self) -> tuple[str, ...]:
        """The names of everybody but the owner and the delegator."""
        groups: tuple[Sequence[Miner | ValidatorRole | Attack | ValidatorAttack], ...] = (
            self.validators,
            self.rogues,
            self.miners,
            self.attacks,
        )
        return tuple(one.name for group in groups for one in group)

    def hotkeys(self) -> Iterator[tuple[str, str]]:
        """The name of every hotkey that is registered, with the name of whom it belongs to."""
        attacks = {one.name: one.hotkeys for one in self.attacks}
        for name in self.everyone:
            for hotkey in attacks.get(name, (name,)):
                yield hotkey, name


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


def attacked_cast(seed: int, chosen: Sequence[Attack | ValidatorAttack]) -> Cast:
    """Two honest miners and two honest validators with most of the stake, and the chosen attackers."""
    rogues = tuple(one for one in chosen if isinstance(one, ValidatorAttack))
    attacks = (
        *(one for one in chosen if isinstance(one, Attack)),
        *(crony for one in rogues for crony in one.brings),
    )
    return Cast(
        competition="attacks.toml",
        base="tiny-llama",
        schooling=_school(60, seed),
        miners=(
            Miner(name="steady", enters=1, recipe=_school(80, seed + 1)),
            Miner(name=VICTIM, enters=VICTIM_ENTERS, recipe=_school(300, seed + 2)),
        ),
        validators=(ValidatorRole(name="north", stake=5_000.0), ValidatorRole(name="east", stake=3_000.0)),
        delegator=Delegator(name="delegator", stake=1_000.0, validator="east"),
        rounds=max((VICTIM_ENTERS + 1, *(one.until for one in chosen))),
        best=VICTIM,
        attacks=attacks,
        rogues=rogues,
    )


def _school(steps: int, seed: int) -> Recipe:
    return Recipe(steps=steps, batch_size=4, learning_rate=4e-3, warmup_steps=5, sequence_length=384, seed=seed)


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


def arena_cast(seed: int) -> Cast:
    """An arena: who wrote the task, six training nodes, two of which break its rules, two validators, a delegator."""
    return Cast(
        competition="arena.toml",
        base="tiny-llama",
        schooling=_school(80, seed),
        lessons=("list_operations", "dyck_language"),
        creator=CreatorRole(training_rows=400, rows_a_part=100, parts=8, small_base="tiny-llama-small"),
        miners=(
            Miner(name="full", enters=1, refused="model_not_allowed"),
            Miner(name="wide", enters=1, recipe=_lora(1, 64, seed + 1), refused="parameters_out_of_range"),
            Miner(name="hasty", enters=1, recipe=_lora(15, 2, seed + 2), node=True),
            Miner(name="small", enters=1, recipe=_lora(60, 8, seed + 3), node=True, base="owner/tiny-llama-small"),
            Miner(name="steady", enters=2, recipe=_lora(60, 8, seed + 4), node=True),
            Miner(name="thorough", enters=3, recipe=_lora(200, 16, seed + 5), node=True),
        ),
        validators=(ValidatorRole(name="north", stake=5_000.0), ValidatorRole(name="south", stake=3_000.0)),
        delegator=Delegator(name="delegator", stake=4_000.0, validator="south", enters=5),
        rounds=6,
        best="thorough",
    )


def _lora(steps: int, rank: int, seed: int) -> Recipe:
    return Recipe(
        steps=steps,
        batch_size=4,
        learning_rate=6e-3,
        warmup_steps=5,
        sequence_length=384,
        seed=seed,
        lora=Lora(rank=rank, alpha=2.0 * rank),
    )


# By base and scenario: who takes part where nobody attacks.
CASTS: Mapping[str, Callable[[int], Cast]] = {"tiny": tiny_cast, "smollm2": smollm2_cast, "arena": arena_cast}
