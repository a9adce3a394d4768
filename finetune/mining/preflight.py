"""What a round would say of a folder before it is published: the validators' gates, a duel on past data, the odds.

It asks neither chain nor hub: the rival's folder and what others have committed come in.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from competitions.batches import Losses, batch_losses, plan
from competitions.competition import Competition
from competitions.duel import counted
from competitions.lineage import Lineage
from finetune.errors import ScorerUnavailable, ScoringError
from finetune.evals.counting import score_all
from finetune.evals.port import Folders
from finetune.mining.check import Gate, PhasedScorer, check_opening, file_gates, opening_gates, passed, told
from finetune.mining.odds import Odds, odds
from finetune.mining.others import Others, check_own, nearest
from finetune.streams.drawing import draw_samples
from finetune.streams.registry import OpenStream
from finetune.streams.sources import Window

BATCHES = 100  # their standard error is at most 5% of all batches


@dataclass(frozen=True, kw_only=True)
class TaskLosses:
    """The mean loss of one task's batches: the folder's, the rival's, and the rival's as it counts."""

    ours: float
    rival: float
    hurdle: float

    @property
    def lacking(self) -> float:
        """The share by which our loss must fall to reach the rival's as it counts; 0 where it has, or none can."""
        return max(0.0, 1 - max(self.hurdle, 0.0) / self.ours) if self.ours > 0 else 0.0


@dataclass(frozen=True, kw_only=True)
class Rival:
    """Whom the folder is to beat: its files, its age since its commit in blocks, and what it is called."""

    folders: Folders
    age_blocks: int
    name: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a round would say. Where a gate rejects, nothing was scored: `tasks` is empty, the odds are missing.

    `wait_blocks` is how long epsilon still decays; `lineage` tells which earlier submission the weights are nearest to,
    of those that were compared.
    """

    gates: tuple[Gate, ...]
    rival: str = ""
    tasks: dict[str, TaskLosses] = field(default_factory=dict)
    today: Odds | None = None
    decayed: Odds | None = None
    wait_blocks: int = 0
    lineage: Lineage | None = None

    @property
    def passed(self) -> bool:
        """Whether every gate let the folder in."""
        return passed(self.gates)


def preflight(
    folder: Path,
    competition: Competition,
    *,
    rival: Rival,
    scorer: PhasedScorer,
    open_stream: OpenStream,
    seed: int,
    batches: int = BATCHES,
    window: Window,
    with_base: Callable[[Path], Folders] = lambda model: Folders(model=model),
    others: Others | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Verdict:
    """Run the gates on a folder, then score it and the rival on `batches` batches that no round draws.

    Args:
        folder: the model, as it would be published.
        competition: which one.
        rival: whom to beat.
        scorer: what scores both.
        open_stream: opens the competition's streams.
        seed: the same seed draws the same samples.
        batches: how many.
        window: the time that remote streams draw from: one that has passed.
        with_base: finds base and tokenizer of a folder that passed the gates on files.
        others: whom the weights are compared with; without it, with nobody.
        say: takes progress, a line at a time.

    Raises `StreamError` where samples cannot be drawn, `ScorerUnavailable` where this machine, or the rival, cannot be
    scored, and what `with_base` raises.
    """
    found = Verdict(gates=tuple(file_gates(folder, competition)), rival=rival.name)
    if found.passed and others is not None:
        own = Gate(name="weights of its own", rejection=check_own(folder, others))
        found = replace(found, gates=(*found.gates, own), lineage=nearest(folder, others, competition))
    if not found.passed:
        return found
    ours, gates = with_base(folder), found.gates
    opening = check_opening(ours, competition, scorer=scorer, open_stream=open_stream, window=window, say=say)
    found = replace(found, gates=(*gates, *opening))
    if not found.passed:
        return found
    longer = replace(competition, round=replace(competition.round, batches=batches))
    samples = draw_samples(longer, _secret(seed), open_stream, window).samples
    size = competition.round.batch_size
    try:
        mine = batch_losses(score_all(told(scorer, "your model", ours.model, say), ours, samples, competition), size)
    except ScoringError as error:
        return replace(found, gates=(*gates, *opening_gates(ours, competition, scorer.phase, error)))
    try:
        followed = told(scorer, rival.name, rival.folders.model, say)
        theirs = batch_losses(score_all(followed, rival.folders, samples, competition), size)
    except ScoringError as error:
        raise ScorerUnavailable(f"the rival in {rival.folders.model} cannot be scored: {error}") from error
    epsilon = competition.epsilon.at(rival.age_blocks)
    return replace(
        found,
        tasks=_by_task([task.name for task in plan(longer)], theirs, mine, competition, epsilon),
        today=odds(theirs, mine, competition, epsilon, seed=seed),
        decayed=odds(theirs, mine, competition, competition.epsilon.end, seed=seed),
        wait_blocks=max(0, competition.epsilon.decay_blocks - rival.age_blocks),
    )


def _secret(seed: int) -> bytes:
    """The seed of the draws: the hash of no block."""
    return hashlib.sha256(f"preflight {seed}".encode()).digest()


def _by_task(
    names: Sequence[str], theirs: Losses, mine: Losses, competition: Competition, epsilon: float
) -> dict[str, TaskLosses]:
    """The mean losses of every task that had a batch, in the order of first appearance."""
    hurdle = counted(theirs, epsilon, competition.judge.floor)
    found = {}
    for name in dict.fromkeys(names):
        here = np.array([one == name for one in names])
        means = (float(losses[here].mean()) for losses in (mine, theirs, hurdle))
        found[name] = TaskLosses(**dict(zip(("ours", "rival", "hurdle"), means, strict=True)))
    return found
