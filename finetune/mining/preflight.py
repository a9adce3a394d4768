"""What a round would say of a folder before it is published: the validators' gates, a duel on past data, the odds.

It asks no chain: gates that compare a submission with others (copies, commitments) are left to the round.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from competitions.batches import Losses, batch_losses, plan, sample_loss
from competitions.competition import Competition, Task
from competitions.dethroning import dethrones
from competitions.duel import counted, outcomes, tally
from competitions.rejection import Rejection
from competitions.seeds import draw_seed
from competitions.stopping import stop_reason
from finetune.errors import ModelRejected, ScorerUnavailable, ScoringError, StreamError
from finetune.evals.port import Folders, Scorer
from finetune.hub.digest import folder_digest, secure_hash
from finetune.hub.gates import check_folder, check_listing, check_plain_files
from finetune.hub.port import HubFile, Listing
from finetune.streams.registry import OpenStream
from finetune.streams.sample import AnySample
from finetune.streams.sources import Window

ROUNDS = (1, 5, 20)
# 400 seasons give a chance with a standard error of at most 2.5%.
_SEASONS = 400
_DRAWS_PER_SAMPLE = 20
_NOBODY = "preflight"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One gate, and why it turned the folder away if it did."""

    name: str
    rejection: Rejection | None = None

    @property
    def passed(self) -> bool:
        """Whether the folder got through."""
        return self.rejection is None


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
class Odds:
    """A duel at one epsilon.

    `won` is the share of all batches won, `error` its standard error, sqrt(won * (1 - won) / batches). `dethroning`
    holds the chance to dethrone within so many rounds.
    """

    epsilon: float
    won: float
    error: float
    dethroning: dict[int, float]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a round would say. Where a gate rejects, nothing was scored: `tasks` is empty, the odds are missing."""

    gates: tuple[Gate, ...]
    tasks: dict[str, TaskLosses]
    today: Odds | None = None
    decayed: Odds | None = None

    @property
    def passed(self) -> bool:
        """Whether every gate let the folder in."""
        return all(gate.passed for gate in self.gates)


def preflight(
    ours: Folders,
    competition: Competition,
    *,
    rival: Folders,
    scorer: Scorer,
    open_stream: OpenStream,
    seed: int,
    batches: int,
    window: Window,
    age_blocks: int,
) -> Verdict:
    """Run the gates on our folder, then score it and the rival on `batches` batches that no round draws.

    `age_blocks` is the rival's age since its commit. Raises `StreamError` where samples cannot be drawn, and
    `ScorerUnavailable` where this machine, or the rival, cannot be scored.
    """
    gates = [Gate(name="files", rejection=_check_files(ours, competition))]
    if not gates[0].passed:
        return Verdict(gates=tuple(gates), tasks={})
    samples = _draw(competition, seed, batches, open_stream, window)
    try:
        mine = _score(scorer, ours, samples, competition)
    except ModelRejected as error:
        return Verdict(gates=(*gates, Gate(name="loading and scoring", rejection=error.rejection)), tasks={})
    except ScoringError as error:
        failed = Rejection(reason="cannot_be_scored", text=str(error))
        return Verdict(gates=(*gates, Gate(name="loading and scoring", rejection=failed)), tasks={})
    gates.append(Gate(name="loading and scoring"))
    try:
        theirs = _score(scorer, rival, samples, competition)
    except ScoringError as error:
        raise ScorerUnavailable(f"the rival in {rival.model} cannot be scored: {error}") from error
    epsilon = competition.epsilon.at(age_blocks)
    names = [task.name for task, _ in samples[:: competition.round.batch_size]]
    return Verdict(
        gates=tuple(gates),
        tasks=_by_task(names, theirs, mine, competition, epsilon),
        today=odds(theirs, mine, competition, epsilon, seed=seed),
        decayed=odds(theirs, mine, competition, competition.epsilon.end, seed=seed),
    )


def odds(champion: Losses, challenger: Losses, competition: Competition, epsilon: float, *, seed: int) -> Odds:
    """The odds from losses per batch, both of shape (batches,).

    The chance is the share of simulated seasons in which the rules' own `dethrones` held at the end of a round. A
    season's batches are drawn from the measured pairs with replacement (the bootstrap: Efron, 1979), and
    `stop_reason` ends a round as in a validator; a challenger stopped as behind is out. Epsilon stays as it is. What
    the measured pairs do not show, such as a difference between rounds, the chance does not know.
    """
    results = outcomes(champion, challenger, epsilon=epsilon, floor=competition.judge.floor)
    won = float((results == 1).mean())
    rng = np.random.default_rng(seed)
    ends = np.array([_season(champion, challenger, results, competition, epsilon, rng) for _ in range(_SEASONS)])
    return Odds(
        epsilon=epsilon,
        won=won,
        error=float(np.sqrt(won * (1 - won) / len(results))),
        dethroning={rounds: float((ends <= rounds).mean()) for rounds in ROUNDS},
    )


def _season(
    champion: Losses,
    challenger: Losses,
    results: npt.NDArray[np.int64],
    competition: Competition,
    epsilon: float,
    rng: np.random.Generator,
) -> float:
    """The round at whose end a simulated challenger dethrones, infinite where it does not within the last of ROUNDS."""
    drawn: list[int] = []
    wins = losses = 0
    for number in range(1, max(ROUNDS) + 1):
        reason = None
        left = competition.round.batches
        for index in rng.integers(len(results), size=left).tolist():
            drawn.append(index)
            left -= 1
            wins, losses = wins + int(results[index] == 1), losses + int(results[index] == -1)
            reason = stop_reason(wins, losses, len(drawn), left, competition)
            if reason is not None:
                break
        duel = tally(champion[drawn], challenger[drawn], epsilon=epsilon, floor=competition.judge.floor)
        if dethrones(duel, competition):
            return number
        if reason == "behind":
            break
    return float("inf")


def _check_files(ours: Folders, competition: Competition) -> Rejection | None:
    """The gates that load nothing, as for a public repository whose commitment names this very folder."""
    files = tuple(HubFile(path=path.name, size=path.stat().st_size) for path in sorted(ours.model.iterdir()))
    listing = Listing(repository=str(ours.model), revision="0" * 40, private=False, files=files)
    # A folder with a link in it has no digest.
    if rejection := check_listing(listing, competition.constraints) or check_plain_files(ours.model):
        return rejection
    digest = folder_digest(ours.model)
    return check_folder(
        ours.model,
        digest=digest,
        committed=secure_hash(digest, _NOBODY),
        hotkey=_NOBODY,
        constraints=competition.constraints,
    )


def _draw(
    competition: Competition, seed: int, batches: int, open_stream: OpenStream, window: Window
) -> list[tuple[Task, AnySample]]:
    """Samples of so many batches, in the order of rounds' plans; a document gives at most one sample."""
    streams = {task.name: open_stream(task.stream, task.options, window) for task in competition.tasks}
    secret = hashlib.sha256(f"preflight {seed}".encode()).digest()
    used: dict[str, set[str]] = defaultdict(set)
    draws: dict[str, int] = defaultdict(int)
    order = plan(competition)
    most = _DRAWS_PER_SAMPLE * batches * competition.round.batch_size
    samples: list[tuple[Task, AnySample]] = []
    for batch in range(batches):
        task = order[batch % len(order)]
        wanted = len(samples) + competition.round.batch_size
        while len(samples) < wanted:
            if draws[task.name] >= most:
                raise StreamError(f"task {task.name}: stream {task.stream} has too few documents for {batches} batches")
            sample = streams[task.name].draw(draw_seed(secret, competition.id, task.name, draws[task.name]))
            draws[task.name] += 1
            if sample.document not in used[task.stream]:
                used[task.stream].add(sample.document)
                samples.append((task, sample))
    return samples


def _score(
    scorer: Scorer, folders: Folders, samples: Sequence[tuple[Task, AnySample]], competition: Competition
) -> Losses:
    """The losses per batch, as they count. Raises `ScoringError`, `ScorerUnavailable`."""
    items = [(task.method, sample) for task, sample in samples]
    length, dtype = competition.constraints.sequence_length, competition.precision.dtype
    with closing(scorer.losses(folders, items, sequence_length=length, dtype=dtype)) as raw:
        found = [sample_loss(next(raw, None), task.worst) for task, _ in samples]
    return batch_losses(found, competition.round.batch_size)


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
