"""Stage 5, score: models and samples -> the loss of every sample, stopped early where the rules say so."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from competitions.batches import Losses, batch_losses, sample_loss
from competitions.competition import Competition
from competitions.duel import Tally, outcomes
from competitions.rejection import Rejection
from competitions.stopping import Stop, stop_reason
from finetune.errors import ScoringError
from finetune.evals.port import Folders, Scorer
from finetune.validating.sample import TaskSample


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """What scoring found besides the losses of entrants.

    `control` are the reference's losses on the control samples; `champion` says why the champion could not be scored,
    where it could not: then nobody else was.
    """

    control: tuple[float, ...]
    champion: Rejection | None = None


class ControlFailed(ScoringError):
    """The reference's figures on this machine are not the known ones: nothing it scores can be trusted."""


def check_control(found: Sequence[float], competition: Competition) -> None:
    """Compare the reference's losses on the control samples with the known ones. Raises `ControlFailed`."""
    reference = competition.reference
    for number, (ours, known) in enumerate(zip(found, reference.control_losses, strict=True)):
        if not abs(ours - known) <= reference.control_tolerance:
            raise ControlFailed(
                f"control sample {number} of competition {competition.id}: the reference scores {ours:.4f} here, known "
                f"is {known:.4f}, allowed is a difference of {reference.control_tolerance:g}: check this machine's "
                "hardware, drivers and package versions; nothing is judged or set meanwhile"
            )


def score_all(scorer: Scorer, folders: Folders, samples: Sequence[TaskSample], competition: Competition) -> Losses:
    """The loss of every sample as it counts, shape (samples,): for the reference and the champion.

    Raises `ScoringError`.
    """
    return np.array(list(_counting(scorer, folders, samples, competition)))


def score_challenger(
    scorer: Scorer,
    folders: Folders,
    samples: Sequence[TaskSample],
    competition: Competition,
    *,
    champion: Losses,
    epsilon: float,
    before: Tally,
) -> tuple[Losses, Stop | None]:
    """The losses of a challenger's samples until the rules stop it, and why they did.

    `champion` are the champion's losses per batch in this round, `before` the duel over the season's earlier rounds.
    The losses cover whole batches only. Raises `ScoringError`.
    """
    with closing(_counting(scorer, folders, samples, competition)) as counted:
        return until_stopped(
            counted, competition, batches=len(champion), champion=champion, epsilon=epsilon, before=before
        )


def until_stopped(
    samples: Iterable[float],
    competition: Competition,
    *,
    batches: int,
    champion: Losses,
    epsilon: float,
    before: Tally,
) -> tuple[Losses, Stop | None]:
    """As `score_challenger`, from losses as they count, of a round of so many batches.

    `champion` must cover every batch of `samples`.
    """
    size = competition.round.batch_size
    wins, losses = before.wins, before.losses
    found: list[float] = []
    for loss in samples:
        found.append(loss)
        if len(found) % size:
            continue
        batch = len(found) // size
        ours = batch_losses(found[-size:], size)
        result = outcomes(champion[batch - 1 : batch], ours, epsilon=epsilon, floor=competition.judge.floor)[0]
        wins, losses = wins + int(result == 1), losses + int(result == -1)
        reason = stop_reason(wins, losses, before.batches + batch, batches - batch, competition)
        if reason is not None:
            return np.array(found), reason
    return np.array(found), None


def _counting(
    scorer: Scorer, folders: Folders, samples: Sequence[TaskSample], competition: Competition
) -> Generator[float, None, None]:
    """The losses as they count, one a sample: what the scorer leaves out is missing, so the worst."""
    items = [(one.task.method, one.sample) for one in samples]
    length, dtype = competition.constraints.sequence_length, competition.precision.dtype
    found = scorer.losses(folders, items, sequence_length=length, dtype=dtype)
    with closing(found) as raw:
        for one in samples:
            yield sample_loss(next(raw, None), one.task.worst)
