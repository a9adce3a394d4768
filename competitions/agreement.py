"""Agreement: how a validator that came late, was wiped or was unlucky comes back to what the others hold."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from competitions.competition import Competition
from competitions.season import Entrant, reference_of
from competitions.seat import Seat


def chain_word(
    entrants: Collection[Entrant],
    consensus: Mapping[str, float],
    *,
    settled: int,
    owner_hotkey: str | None,
    competition: Competition,
) -> Entrant | None:
    """The chain's word for a seat: of the entrants that stand for the competition, the one of highest consensus.

    `consensus` is by hotkey, as of the last epoch. The earlier entrant of equals; none where nobody has any. Two
    kinds of consensus are not a word for a seat: that of entrants committed after block `settled`, who still show
    what they held in another competition, and the owner's, who is given what is burnt. Where no entrant at all has
    consensus and the owner does, the word is the reference.
    """
    weighed = sorted((-consensus.get(one.hotkey or "", 0.0), one) for one in entrants if one.hotkey != owner_hotkey)
    if not weighed or weighed[0][0] == 0:
        return reference_of(competition) if consensus.get(owner_hotkey or "", 0.0) > 0 else None
    return next((one for share, one in weighed if share < 0 and one.block <= settled), None)


def agree(seat: Seat, word: Entrant | None, *, missed: int, refuted: bool, competition: Competition) -> Seat:
    """The seat after the agreement rule, applied at the start of a competition's round.

    `missed` counts the competition's rounds since this validator last judged one, or all of them if it never did;
    `refuted` says that its own evidence against the chain's word is at least 1/alpha. Whoever missed too many rounds
    adopts the word; one that differed in too many rounds running adopts it too, unless its own evidence refutes it.
    """
    if word is None or word == seat.champion:
        return replace(seat, differing=0)
    if missed >= competition.judge.missed_rounds:
        return seat.taken_by(word)
    differing = seat.differing + 1
    if differing >= competition.judge.differing_rounds and not refuted:
        return seat.taken_by(word)
    return replace(seat, differing=differing)
