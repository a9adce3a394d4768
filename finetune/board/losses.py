"""Mean losses: of every entrant in every round, how much of a round was scored, and how much early stops saved."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from competitions.batches import batch_losses
from competitions.competition import Competition
from competitions.duel import counted as counted_losses
from finetune.board.figures import bits, whole
from finetune.board.names import Names
from finetune.board.record import Scored
from finetune.board.rounds import Round

SHOWN_ROUNDS = 1_000  # rounds in the chart and its table
SHOWN_LINES = 8  # lines that an eye can tell apart
LAST_ROUNDS = 5  # rounds over which a submission's mean loss is shown


@dataclass(frozen=True, kw_only=True)
class LossPoint:
    """The mean loss of one entrant in one round, over its first `batches` where it was stopped."""

    sync: int
    mean: float
    batches: int
    stopped: str


@dataclass(frozen=True, kw_only=True)
class LossLine:
    """One entrant's mean losses, oldest first."""

    key: str
    name: str
    points: tuple[LossPoint, ...]


@dataclass(frozen=True, kw_only=True)
class Hurdle:
    """The champion's mean loss in a round, and the same as it counts in a duel: what a challenger must beat."""

    sync: int
    champion: str
    mean: float
    counted: float


@dataclass(frozen=True, kw_only=True)
class LossHistory:
    """The lines of one competition; `left_out` counts entrants without one, `changes` are blocks of a new champion."""

    unit: str
    lines: tuple[LossLine, ...]
    hurdles: tuple[Hurdle, ...]
    changes: tuple[int, ...]
    left_out: int
    summary: str


def unit_of(competition: Competition) -> str:
    """What a competition's losses are measured in: a mix of methods has only bits in common."""
    per_byte = all(task.method in ("text", "reference", "preference") for task in competition.tasks)
    return "bits per byte" if per_byte else "bits"


def mean_loss(rounds: Sequence[Round], key: str) -> float | None:
    """An entrant's mean loss over the last `LAST_ROUNDS` rounds that scored it; None where none ever did."""
    found = [one.told.losses[key].samples for one in rounds if key in one.told.losses]
    samples = np.concatenate(found[-LAST_ROUNDS:]) if found else np.empty(0)
    return float(samples.mean()) if samples.size else None


def scored_and_saved(rounds: Sequence[Round]) -> tuple[int, int]:
    """How many samples entrants were scored on, and how many more it would have been without early stops."""
    scored = saved = 0
    for one in rounds:
        for found in one.told.losses.values():
            scored += found.samples.size
            if found.stopped:
                saved += max(one.record.samples.count - found.samples.size, 0)
    return scored, saved


def loss_history(
    competition: Competition, rounds: Sequence[Round], order: Sequence[str], changes: Sequence[int], names: Names
) -> LossHistory:
    """The lines of the first `SHOWN_LINES` entrants of `order` that were ever scored in the last rounds."""
    shown = rounds[-SHOWN_ROUNDS:]
    ever = {key for one in shown for key in one.told.losses}
    lines = [_line(key, shown, names) for key in order if key in ever]
    kept = _told_apart([line for line in lines if line.points][:SHOWN_LINES])
    return LossHistory(
        unit=unit_of(competition),
        lines=kept,
        hurdles=tuple(hurdle for one in shown if (hurdle := hurdle_of(one)) is not None),
        changes=tuple(block for block in changes if shown and block >= shown[0].sync),
        left_out=len(ever) - len(kept),
        summary=_summary(kept, unit_of(competition)),
    )


def _told_apart(lines: Sequence[LossLine]) -> tuple[LossLine, ...]:
    """The lines with the commit block in the names of those that one hotkey has several of."""
    several = Counter(line.name for line in lines)
    return tuple(
        replace(line, name=f"{line.name}, block {line.key.rpartition('@')[2]:.12}") if several[line.name] > 1 else line
        for line in lines
    )


def _line(key: str, rounds: Sequence[Round], names: Names) -> LossLine:
    points = [
        LossPoint(
            sync=one.sync,
            mean=float(found.samples.mean()),
            batches=found.samples.size // one.competition.round.batch_size,
            stopped=found.stopped,
        )
        for one in rounds
        if (found := one.told.losses.get(key)) is not None and found.samples.size
    ]
    return LossLine(key=key, name=names.entrant(key), points=tuple(points))


def hurdle_of(one: Round) -> Hurdle | None:
    """What a challenger had to beat in a round; None where the champion was not scored."""
    key = one.record.champion.before
    found: Scored | None = one.told.losses.get(key)
    losses = batch_losses(found.samples, one.competition.round.batch_size) if found else np.empty(0)
    if not losses.size:
        return None
    counts = counted_losses(losses, one.record.epsilon, one.competition.judge.floor)
    return Hurdle(sync=one.sync, champion=key, mean=float(losses.mean()), counted=float(counts.mean()))


def _summary(lines: Sequence[LossLine], unit: str) -> str:
    """The chart in words: where every line begins and ends."""
    if not lines:
        return "No round has been scored yet."
    blocks = [point.sync for line in lines for point in line.points]
    parts = [_walk(line) for line in lines]
    span = f"blocks {whole(min(blocks))} to {whole(max(blocks))}"
    return f"Mean loss in {unit}, lower is better, {span}: {'; '.join(parts)}."


def _walk(line: LossLine) -> str:
    first, last = line.points[0], line.points[-1]
    if first == last:
        return f"{line.name} {bits(last.mean)} in its only round"
    return f"{line.name} from {bits(first.mean)} to {bits(last.mean)}"
