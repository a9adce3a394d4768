"""Stage 5, score: models and samples -> the loss of every sample, stopped early where the rules say so."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import numpy as np

from competitions.batches import Losses, batch_losses
from competitions.competition import Competition
from competitions.duel import Tally, outcomes
from competitions.rejection import Rejection
from competitions.stopping import Stop, stop_reason
from finetune.evals.counting import counted_losses
from finetune.evals.port import Folders, Scorer
from finetune.streams.drawing import TaskSample


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """What scoring found besides the losses of entrants.

    `control` are the reference's losses on the control samples; `champion` says why the champion could not be scored,
    where it could not: then nobody else was.
    """

    control: tuple[float, ...]
    champion: Rejection | None = None


def score_challenger(
    scorer: Scorer,
    folders: Folders,
    samples: Sequence[TaskSample],
    competition: Competition,
    *,
    champion: Losses,
    epsilon: float,
    before: Tally,
    past: Sequence[TaskSample] = (),
) -> tuple[Losses, Stop | None, Losses]:
    """The losses of a challenger's samples until the rules stop it, why they did, and its losses on `past`.

    `champion` are the champion's losses per batch in this round, `before` the duel over the season's earlier rounds.
    The losses cover whole batches only. One that is stopped is not scored on `past`. Raises `ScoringError`.
    """
    with closing(counted_losses(scorer, folders, (*samples, *past), competition)) as counted:
        found, stopped = until_stopped(
            islice(counted, len(samples)),
            competition,
            batches=len(champion),
            champion=champion,
            epsilon=epsilon,
            before=before,
        )
        return found, stopped, np.array([] if stopped else list(counted))


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
