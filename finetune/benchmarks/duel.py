"""Benchmark `duel`: real fine-tunes of a champion, and copies of it with noise, scored and judged as in a round.

The fine-tunes are full ones at a small learning rate, on texts of which none is scored. What they gain depends on the
texts; whether that takes the seat is left to the rules.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np

from competitions.batches import Losses
from competitions.competition import Competition, Constraints, Precision, Round, Task
from competitions.dethroning import dethrones
from competitions.duel import Tally, tally
from competitions.files import read_competition
from finetune.benchmarks.result import Result
from finetune.benchmarks.setting import Setting
from finetune.errors import SetupError
from finetune.evals.counting import score_all
from finetune.evals.port import Folders
from finetune.evals.scorer import LocalScorer
from finetune.hub.sketch import compare, sketch
from finetune.mining.train import Recipe, train
from finetune.rehearsal.attacks.changes import add_noise
from finetune.rehearsal.remembering import RememberingScorer
from finetune.rehearsal.show import Show
from finetune.streams.cutting import cut
from finetune.streams.drawing import TaskSample
from finetune.streams.sample import Sample
from finetune.validating.score import score_challenger

SAMPLES, REPEATS = 40, 1  # batches of one text each, rounds
TEXT_BYTES = 256  # of each text; what lies beyond would only take time
NOISES = (1e-4, 1e-3, 1e-2)  # standard deviation, as a part of each tensor's own
_RULES = Path(__file__).parents[2] / "competitions" / "catalog" / "instruct_8b.toml"
_TASK = Task(name="TEXT", method="text", stream="text_lines", weight=1.0)
STEPS = (12, 24)  # of the fine-tunes
_RECIPE = Recipe(steps=1, batch_size=4, learning_rate=1e-5, warmup_steps=3, sequence_length=192)


def duel(setting: Setting, show: Show) -> Result:
    """How each of them fares against the model, by the catalog's rules, beside an old and beside a new champion.

    `part_of_loss` is its mean loss as a part of the champion's on the batches they share, `distance` its lineage, and
    `seat_after` the batches after which it takes the seat; None where it does not. Raises `SetupError` where there are
    fewer texts than are asked for, and `ScoringError`.
    """
    count = setting.samples * setting.repeats
    scored, taught = (_samples(setting.documents[half::2]) for half in (0, 1))
    if count > len(scored):
        raise SetupError(f"a duel of {count:,} batches needs as many texts; there are {len(scored):,}")
    rules = _competition(setting)
    show.say("scoring the champion")
    items = [TaskSample(task=_TASK, sample=one) for one in scored[:count]]
    arena = _Arena(setting=setting, rules=rules, items=items, champion=_champion(setting, rules, items))
    makers = {f"{steps} steps": _tuned(setting, taught, steps, show) for steps in STEPS}
    makers |= {f"noise {size:g}": _noisy(setting, size) for size in NOISES}
    figures = {}
    for name, make in makers.items():
        with tempfile.TemporaryDirectory() as scratch:
            make(Path(scratch) / "model")
            show.say(f"scoring {name}")
            figures[name] = arena.fight(Path(scratch) / "model")
    about = {
        **setting.about(),
        "champion_loss": round(float(arena.champion.mean()), 4),
        "epsilon_old": rules.epsilon.end,
        "epsilon_new": rules.epsilon.start,
        "learning_rate": _RECIPE.learning_rate,
    }
    return Result(benchmark="duel", about=about, ways=figures)


@dataclass(frozen=True, kw_only=True)
class _Arena:
    """The champion's losses on all batches, shape (batches,), and what a challenger is scored on and judged by."""

    setting: Setting
    rules: Competition
    items: list[TaskSample]
    champion: Losses

    def fight(self, folder: Path) -> dict[str, float | int | None]:
        """The figures of the challenger in a folder."""
        scorer = RememberingScorer(LocalScorer(device=self.setting.device))
        likeness = compare(sketch(folder), sketch(self.setting.folder))
        figures: dict[str, float | int | None] = {"distance": likeness.distance if likeness else None}
        for age, epsilon in (("old", self.rules.epsilon.end), ("new", self.rules.epsilon.start)):
            theirs, ours = self._play(scorer, folder, epsilon)
            found = self._tally(theirs, ours, epsilon)
            figures |= {} if "part_of_loss" in figures else {"part_of_loss": float(ours.mean() / theirs.mean())}
            figures |= {f"{age}_batches": found.batches, f"{age}_wins": found.wins, f"{age}_losses": found.losses}
            figures[f"{age}_seat_after"] = self._seat_after(theirs, ours, epsilon)
        return figures

    def _play(self, scorer: RememberingScorer, folder: Path, epsilon: float) -> tuple[Losses, Losses]:
        """The losses of both on the batches that they come to share over the rounds, stopped early as in a round."""
        theirs, ours = np.empty(0), np.empty(0)
        size = self.setting.samples
        for first in range(0, len(self.items), size):
            champion = self.champion[first : first + size]
            found, stopped, _ = score_challenger(
                scorer,
                Folders(model=folder),
                self.items[first : first + size],
                self.rules,
                champion=champion,
                epsilon=epsilon,
                before=self._tally(theirs, ours, epsilon),
            )
            theirs, ours = np.append(theirs, champion[: len(found)]), np.append(ours, found)
            if stopped == "behind":
                break
        return theirs, ours

    def _tally(self, champion: Losses, challenger: Losses, epsilon: float) -> Tally:
        return tally(champion, challenger, epsilon=epsilon, floor=self.rules.judge.floor)

    def _seat_after(self, champion: Losses, challenger: Losses, epsilon: float) -> int | None:
        """The batches after which the rules first give the challenger the seat."""
        for batches in range(1, len(champion) + 1):
            if dethrones(self._tally(champion[:batches], challenger[:batches], epsilon), self.rules):
                return batches
        return None


def _competition(setting: Setting) -> Competition:
    """The catalog's rules, for batches of one text on this machine."""
    return replace(
        read_competition(_RULES),
        constraints=Constraints(
            architectures=("LlamaForCausalLM",),
            max_parameters=1_000_000_000,
            max_bytes=10_000_000_000,
            sequence_length=setting.sequence_length,
        ),
        tasks=(_TASK,),
        round=Round(batches=setting.samples, batch_size=1),
        precision=Precision(dtype=setting.dtype, hardware="this machine"),
    )


def _champion(setting: Setting, rules: Competition, items: list[TaskSample]) -> Losses:
    return score_all(LocalScorer(device=setting.device), Folders(model=setting.folder), items, rules)


def _samples(documents: tuple[str, ...]) -> list[Sample]:
    return [Sample(messages=(), reference=cut(text, TEXT_BYTES), document=text) for text in documents]


def _tuned(setting: Setting, texts: list[Sample], steps: int, show: Show) -> Callable[[Path], None]:
    """A maker of a fine-tune, on as many of the texts as it needs, in turn."""

    def make(out: Path) -> None:
        recipe = replace(_RECIPE, steps=steps, seed=setting.seed, device=setting.device)
        with show.stage(f"fine-tuning for {steps} steps", steps) as over:
            show_step = partial(_show_step, over)
            train(setting.folder, out, cycle(texts), recipe, on_step=show_step)

    return make


def _show_step(over: Callable[[str, int], None], step: int, _: int, loss: float) -> None:
    over(f"loss {loss:.2f}", step)


def _noisy(setting: Setting, size: float) -> Callable[[Path], None]:
    """A maker of a copy with noise, in float32: bfloat16 would round most of the smallest noise away."""

    def make(out: Path) -> None:
        shutil.copytree(setting.folder, out)
        add_noise(out, size=size, seed=setting.seed)

    return make
