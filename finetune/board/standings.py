"""Standings: every entrant of a competition in the order in which the seat is decided, with its status and why.

The order is the decision's own: the champion, then challengers by their duel with today's champion. Mean losses are
shown and never sort.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from competitions.competition import Competition
from competitions.duel import Tally
from competitions.evidence import evidence
from competitions.rejection import Rejection
from competitions.season import REFERENCE, Entrant, reference_of
from competitions.stopping import may_play
from competitions.submission import Submission
from finetune.board.losses import mean_loss
from finetune.board.names import Names
from finetune.board.reasons import (
    absent_reason,
    baseline_reason,
    duel_reason,
    lineage_words,
    queue_reason,
    resting_reason,
    seat_reason,
)
from finetune.board.rounds import Round, season_of

_LONGEST = 300  # characters of a rejection's text

Status = Literal["champion", "challenger", "resting", "reference", "waiting", "out"]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One entrant. `place` is the champion's or a leading challenger's, None for all others.

    `tally` is the duel with today's champion, `strength` log2 of its evidence, negative where that is for the champion;
    `mean` is over the last rounds, `lineage` a phrase on the earlier submission that it is nearest to, or nothing.
    """

    place: int | None
    key: str
    name: str
    repository: str
    revision: str
    block: int
    status: Status
    reason: str
    tally: Tally | None
    strength: float
    mean: float | None
    lineage: str = ""


def standings(competition: Competition, holder: Entrant, rounds: Sequence[Round], names: Names) -> tuple[Standing, ...]:
    """All entrants, the champion first; `rounds` are the competition's own, oldest first."""
    table = _Table(competition, holder, rounds, names)
    rows = sorted((table.row(entrant) for entrant in table.entrants()), key=_order)
    placed = 0
    numbered = []
    for row in rows:
        leads = row.status == "champion" or _side(row) < 0
        placed += leads
        numbered.append(replace(row, place=placed if leads else None))
    return tuple(numbered)


def duels_today(holder: Entrant, rounds: Sequence[Round]) -> Mapping[str, Tally]:
    """Every duel with today's champion: as judged in the newest round, recounted where the seat has changed since."""
    if not rounds:
        return {}
    record = rounds[-1].record
    if record.champion.before == holder.key:
        return {key: duel.tally for key, duel in record.duels.items()}
    return recount(holder, rounds)


def recount(holder: Entrant, rounds: Sequence[Round]) -> dict[str, Tally]:
    """Every duel of the newest round's submissions with a holder, counted again from the raw losses of the season."""
    record, season = rounds[-1].record, season_of(rounds)
    own = [one for one in record.submissions if one.payload.competition == record.competition.id]
    entrants = [Entrant(block=one.block, key=one.key) for one in own if one.key != holder.key]
    tallies = {one.key: season.duel(holder, one, record.competition, record.sync) for one in entrants}
    return {key: tally for key, tally in tallies.items() if tally.batches}


class _Table:
    """What one competition's rows are made from."""

    def __init__(self, competition: Competition, holder: Entrant, rounds: Sequence[Round], names: Names) -> None:
        self.competition = rounds[-1].competition if rounds else competition
        self.holder, self.rounds, self.names = holder, rounds, names
        self.record = rounds[-1].record if rounds else None
        self.duels = duels_today(holder, rounds)
        named = self.record.submissions if self.record else ()
        self.submissions: dict[str, Submission] = {
            one.key: one for one in named if one.payload.competition == competition.id
        }

    def entrants(self) -> list[Entrant]:
        """Everybody with a row: the holder and the reference, whatever stands on chain."""
        found = {one.key: Entrant(block=one.block, key=one.key) for one in self.submissions.values()}
        found |= {REFERENCE: reference_of(self.competition), self.holder.key: self.holder}
        return list(found.values())

    def row(self, entrant: Entrant) -> Standing:
        tally = self.duels.get(entrant.key)
        status, reason = self._status(entrant, tally)
        submission = self.submissions.get(entrant.key)
        pinned = self.competition.reference
        by_reference = (pinned.repository, pinned.revision) if entrant.is_reference else ("", "")
        repository, revision = (
            (submission.payload.repository, submission.payload.revision) if submission else by_reference
        )
        return Standing(
            place=None,
            key=entrant.key,
            name=self.names.entrant(entrant.key),
            repository=repository,
            revision=revision,
            block=entrant.block,
            status=status,
            reason=reason,
            tally=tally,
            strength=_strength(tally),
            mean=mean_loss(self.rounds, entrant.key),
            lineage=self._lineage(entrant.key),
        )

    def _lineage(self, key: str) -> str:
        found = self.record.lineage.get(key) if self.record else None
        return lineage_words(found, self.names.entrant(found.nearest)) if found else ""

    def _status(self, entrant: Entrant, tally: Tally | None) -> tuple[Status, str]:
        key, record = entrant.key, self.record
        if key == self.holder.key:
            missed = record.seats.after[str(record.competition.id)].unreachable if record else 0
            return "champion", seat_reason(self.competition, self.holder, missed)
        if entrant.is_reference or record is None:
            return "reference", baseline_reason()
        if (rejection := record.rejections.get(key)) is not None:
            return "waiting" if rejection.retry else "out", self.names.spoken(rejection_words(rejection))
        if key in record.absent:
            return "waiting", absent_reason(record.sync)
        if tally is None:
            position = record.queue.index(key) if key in record.queue else None
            return "challenger", queue_reason(position, self.competition)
        if self._rests(key, tally):
            return "resting", resting_reason(tally, self.competition, self.holder, record.sync)
        scored = self.rounds[-1].told.losses.get(key)
        return "challenger", duel_reason(tally, self.competition, self._epsilon(), scored.stopped if scored else "")

    def _rests(self, key: str, tally: Tally) -> bool:
        """Whether somebody sits out the next round; a stop holds for the champion it was made under and no other."""
        record = self.record
        if record is None or record.champion.before != self.holder.key:
            return False
        scored = self.rounds[-1].told.losses.get(key)
        stopped_now = scored is not None and scored.stopped == "behind"
        return key in record.resting or (
            stopped_now and not may_play(tally, record.epsilon, record.epsilon, self.competition)
        )

    def _epsilon(self) -> float:
        return self.competition.epsilon.at(self.rounds[-1].sync - self.holder.block)


def rejection_words(rejection: Rejection) -> str:
    """A rejection as one sentence, a fault that is not the miner's named."""
    whose = "" if rejection.fault == "miner" else f" (not the miner's fault: {rejection.fault})"
    return f"{sentence_of(rejection.text)[:-1]}{whose}."


def sentence_of(text: str) -> str:
    """A rejection's text as a sentence of bounded length; a name that it begins with stays as it is spelt."""
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    if text.partition(" ")[0].isalpha():
        text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."


def _strength(tally: Tally | None) -> float:
    """Evidence with a sign: for the challenger above zero, for the champion below."""
    if tally is None or tally.wins == tally.losses:
        return 0.0
    amount = max(evidence(tally.wins, tally.losses), 0.0)
    return amount if tally.wins > tally.losses else -amount


def _side(row: Standing) -> int:
    """-1 for a challenger in the lead, 1 for one behind, 0 for neither."""
    return 0 if row.tally is None else (row.tally.wins < row.tally.losses) - (row.tally.wins > row.tally.losses)


def _order(row: Standing) -> tuple[int, int, float, int, str]:
    """Champion, then all duels by sign and strength, then who takes no part; the earlier commit of equals."""
    group = {"champion": 0, "challenger": 1, "resting": 1, "reference": 2, "waiting": 3, "out": 4}[row.status]
    return group, _side(row), -row.strength, row.block, row.key
