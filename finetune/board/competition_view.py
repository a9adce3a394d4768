"""What the page shows of one competition: the seat and its story, the standings, the losses, the rounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from competitions.competition import Competition
from competitions.season import REFERENCE, Entrant, reference_of
from finetune.board.entrant_view import EntrantView, entrant_views
from finetune.board.losses import LossHistory, loss_history, scored_and_saved
from finetune.board.matrix import Matrix, matrix
from finetune.board.names import Names
from finetune.board.reigns import Reign, reigns
from finetune.board.rounds import Round
from finetune.board.standings import Standing, standings
from finetune.board.story import SeatChange, holder_of, seat_changes, story_of
from finetune.board.task_losses import task_losses
from finetune.board.trust import Agreement, Control, Recount, agreement, control, recounted


@dataclass(frozen=True, kw_only=True)
class RoundRow:
    """One round in the list of rounds. `validator` is whose report is told."""

    sync: int
    seed: str
    samples: int
    digest: str
    champion: str
    epsilon: float
    scored: int
    saved: int
    reporters: int
    validator: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class CompetitionView:
    """One competition. `since` is the block of the seat's last change, None where it has had no other holder.

    `tasks` are mean losses by key and task, `entrants` what there is to tell of each standing, in their order.
    """

    competition: Competition
    holder: Entrant
    since: int | None
    story: str
    epsilon: float
    standings: tuple[Standing, ...]
    losses: LossHistory
    tasks: Mapping[str, Mapping[str, float]]
    duels: Matrix | None
    changes: tuple[SeatChange, ...]
    reigns: tuple[Reign, ...]
    entrants: tuple[EntrantView, ...]
    rounds: tuple[RoundRow, ...]
    scored: int
    saved: int
    agreement: Agreement | None
    control: Control | None
    recount: Recount | None

    @property
    def champion(self) -> Standing:
        """The row of whoever holds the seat."""
        return self.standings[0]

    @property
    def baseline(self) -> Standing:
        """The row of the reference."""
        return next(one for one in self.standings if one.key == REFERENCE)


def competition_view(
    competition: Competition, rounds: Sequence[Round], validators: Sequence[str], names: Names
) -> CompetitionView:
    """What the rounds of all competitions tell of one; `validators` are the hotkeys that are expected to report."""
    own = [one for one in rounds if one.competition.id == competition.id]
    holder = holder_of(competition, rounds) or reference_of(competition)
    changes = seat_changes(competition, rounds, names)
    rows = standings(competition, holder, own, names)
    order = _line_order(holder, changes, rows)
    tasks = task_losses(own, [row.key for row in rows])
    duels = matrix(own, rows, names)
    held = reigns(competition, holder, changes, own, names)
    scored, saved = scored_and_saved(own)
    newest = rounds[-1].record if rounds else None
    return CompetitionView(
        competition=competition,
        holder=holder,
        since=changes[-1].block if changes else None,
        story=story_of(changes, holder, len(own), names),
        epsilon=competition.epsilon.at((own[-1].sync if own else holder.block) - holder.block),
        standings=rows,
        losses=loss_history(competition, own, order, [one.block for one in changes], names),
        tasks=tasks,
        duels=duels,
        changes=changes,
        reigns=held,
        entrants=entrant_views(competition, holder, own, newest, rows, tasks, duels, held, names),
        rounds=tuple(_round_row(one, names) for one in reversed(own)),
        scored=scored,
        saved=saved,
        agreement=agreement(own, validators, names),
        control=control(own, names),
        recount=recounted(own),
    )


def _line_order(holder: Entrant, changes: Sequence[SeatChange], rows: Sequence[Standing]) -> list[str]:
    """Whose losses the chart shows first: champion, reference, earlier champions from the latest on, the standings."""
    keys = [holder.key, REFERENCE, *(one.former.key for one in reversed(changes)), *(row.key for row in rows)]
    return list(dict.fromkeys(keys))


def _round_row(one: Round, names: Names) -> RoundRow:
    scored, saved = scored_and_saved([one])
    record = one.record
    return RoundRow(
        sync=one.sync,
        seed=record.seed,
        samples=record.samples.count,
        digest=record.samples.digest,
        champion=names.entrant(record.champion.after),
        epsilon=record.epsilon,
        scored=scored,
        saved=saved,
        reporters=len(one.accounts),
        validator=one.told.validator,
        seconds=sum(record.seconds.values()),
    )
