"""The story of a seat: every change of champion that the rounds tell, how it came, and a sentence for each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from competitions.competition import Competition
from competitions.evidence import evidence
from competitions.season import Entrant
from finetune.board.figures import counted, needed, power, whole
from finetune.board.names import Names
from finetune.board.record import Record
from finetune.board.rounds import Round
from finetune.validating.judge import Duel


@dataclass(frozen=True, kw_only=True)
class SeatChange:
    """A seat's new holder. `duel` is what won it, where a duel did; `sentence` goes on from "At block N"."""

    block: int
    holder: Entrant
    former: Entrant
    how: Literal["dethroned", "vacated", "adopted"]
    duel: Duel | None
    sentence: str


def seat_changes(competition: Competition, rounds: Sequence[Round], names: Names) -> tuple[SeatChange, ...]:
    """Every change of one competition's seat, oldest first; rounds of other competitions tell vacancies too."""
    changes = []
    holder: Entrant | None = None
    for record in (one.record for one in rounds):
        own = str(competition.id)
        before, after = record.seats.before.get(own), record.seats.after.get(own)
        if before is None or after is None:
            continue
        if holder is not None and before.champion.key != holder.key:
            changes.append(_between(record, holder, before.champion, names))
        if after.champion.key != before.champion.key:
            changes.append(_within(record, before.champion, after.champion, names))
        holder = after.champion
    return tuple(changes)


def holder_of(competition: Competition, rounds: Iterable[Round]) -> Entrant | None:
    """Who holds a competition's seat after the newest round that tells; None where none does."""
    told = [one.record.seats.after.get(str(competition.id)) for one in rounds]
    seats = [seat for seat in told if seat is not None]
    return seats[-1].champion if seats else None


def story_of(changes: Sequence[SeatChange], holder: Entrant, rounds: int, names: Names) -> str:
    """How today's holder came to the seat; `rounds` is how many the competition has had."""
    if changes:
        return f"At block {whole(changes[-1].block)} {changes[-1].sentence}"
    if holder.is_reference:
        played = f"after {counted(rounds, 'round')}" if rounds else "no round has been played yet"
        return f"The reference has held the seat since the competition opened; {played}, no miner has taken it."
    return f"{names.entrant(holder.key)} has held the seat since before the first of these reports."


def duel_words(duel: Duel, alpha: float) -> str:
    """A won duel in words: with 96 wins to 12 losses, evidence 2^54.2 beyond the 2^13.3 (1/alpha) that a seat takes."""
    return (
        f"with {counted(duel.wins, 'win')} to {counted(duel.losses, 'loss', 'losses')} over "
        f"{counted(duel.batches, 'batch', 'batches')}: evidence {power(evidence(duel.wins, duel.losses))}, beyond the "
        f"{power(needed(alpha))} (1/alpha) that the seat takes"
    )


def _within(record: Record, former: Entrant, holder: Entrant, names: Names) -> SeatChange:
    """A change that a round made: a dethroning, or a repository out of reach for too long."""
    duel = record.duels.get(holder.key)
    if record.dethroner is None or duel is None:
        why = "as its model could not be read or scored for too long"
        return _vacated(record.sync, former, holder, why, names)
    judge = record.competition.judge
    winner, loser = names.entrant(holder.key), names.entrant(former.key)
    if record.dethroner == holder.key:
        sentence = f"{winner} dethroned {loser} {duel_words(duel, judge.alpha)}."
    else:
        prover = names.entrant(record.dethroner)
        won = record.duels.get(record.dethroner)
        how = f" {duel_words(won, judge.alpha)}" if won else ""
        sentence = (
            f"{prover} beat {loser}{how}. The seat went to {winner}, which committed "
            f"earlier, leads {loser} {whole(duel.wins)} to {whole(duel.losses)} and is no worse than {prover}."
        )
    return SeatChange(block=record.sync, holder=holder, former=former, how="dethroned", duel=duel, sentence=sentence)


def _between(record: Record, former: Entrant, holder: Entrant, names: Names) -> SeatChange:
    """A change since the round before: the champion left, or the chain's word was adopted."""
    standing = {one.key for one in record.submissions} | set(record.rejections)
    if former.is_reference or former.key in standing:
        sentence = (
            f"validators adopted the chain's word: the seat went from {names.entrant(former.key)} to "
            f"{names.entrant(holder.key)}."
        )
        return SeatChange(block=record.sync, holder=holder, former=former, how="adopted", duel=None, sentence=sentence)
    again = any(key.rpartition("@")[0] == former.hotkey for key in standing)
    why = "as its hotkey committed again" if again else "as its hotkey left the subnet"
    return _vacated(record.sync, former, holder, why, names)


def _vacated(block: int, former: Entrant, holder: Entrant, why: str, names: Names) -> SeatChange:
    heir = names.entrant(holder.key)
    sentence = f"the seat of {names.entrant(former.key)} fell vacant, {why}; {heir} got it."
    return SeatChange(block=block, holder=holder, former=former, how="vacated", duel=None, sentence=sentence)
