"""Agreement: how a validator that came late, was wiped or was unlucky comes back to what the others hold."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from competitions.competition import Competition
from competitions.season import Entrant, reference_of
from competitions.seat import Seat


@dataclass(frozen=True, kw_only=True)
class Word:
    """The chain's word for a seat. Where it is not settled, its consensus may be an earlier commitment's."""

    entrant: Entrant
    settled: bool


def chain_word(
    entrants: Collection[Entrant],
    consensus: Mapping[str, float],
    *,
    settled: int,
    owner_hotkey: str | None,
    competition: Competition,
) -> Word | None:
    """The chain's word for a seat: of the entrants that stand for the competition, the one of highest consensus.

    `consensus` is by hotkey, as of the last epoch. The earlier entrant of equals; none where nobody has any. Entrants
    committed up to block `settled` come first: a later one may show what its hotkey held before it committed, here or
    in another competition. The owner's consensus is what is burnt, so no word for the owner's own entrant; where no
    entrant at all has any and the owner does, the word is the reference.
    """
    weighed = (one for one in entrants if one.hotkey != owner_hotkey and consensus.get(one.hotkey or "", 0.0) > 0)
    order = sorted(weighed, key=lambda one: (one.block > settled, -consensus[one.hotkey or ""], one))
    if order:
        return Word(entrant=order[0], settled=order[0].block <= settled)
    burnt = consensus.get(owner_hotkey or "", 0.0) > 0
    return Word(entrant=reference_of(competition), settled=True) if burnt else None


def agree(seat: Seat, word: Word | None, *, missed: int, refuted: bool, competition: Competition) -> Seat:
    """The seat after the agreement rule, applied at the start of a competition's round.

    `missed` counts the competition's rounds since this validator last judged one, or all of them if it never did;
    `refuted` says that its own evidence against the chain's word is at least 1/alpha. Whoever missed too many rounds
    adopts the word; one that differed in too many rounds running adopts it too, unless its own evidence refutes it.
    Nobody adopts a word that is not settled, but to differ from it counts. Who comes back from missed rounds lacks the
    evidence by which the seat may change next, so it adopts again in the next round that it differs in.
    """
    if word is None:
        return replace(seat, differing=0)
    enough = competition.judge.differing_rounds
    if missed >= competition.judge.missed_rounds:
        return replace(seat.taken_by(word.entrant) if word.settled else seat, differing=enough - 1)
    if word.entrant == seat.champion:
        return replace(seat, differing=0)
    differing = seat.differing + 1
    if differing >= enough and word.settled and not refuted:
        return replace(seat.taken_by(word.entrant), differing=0)
    return replace(seat, differing=differing)
