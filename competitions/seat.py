"""The seat: who holds it, when it falls vacant, and who gets it then."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from competitions.competition import Competition
from competitions.season import Entrant, reference_of


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A competition's seat after a round.

    `before` are earlier champions, the latest last. `unreachable` counts the rounds running in which the champion's
    repository was gone or private, and an heir of a vacant seat begins one short of losing it; `differing` counts those
    in which the chain's word was another (see `agreement`).
    """

    champion: Entrant
    before: tuple[Entrant, ...] = ()
    unreachable: int = 0
    differing: int = 0

    def taken_by(self, champion: Entrant) -> "Seat":
        """The seat with a new champion; the old one joins those before. The same champion changes nothing.

        Rounds of differing go on being counted: one's own new champion may differ from the chain's word as the old did.
        """
        if champion == self.champion:
            return self
        kept = tuple(one for one in (*self.before, self.champion) if one != champion and not one.is_reference)
        return Seat(champion=champion, before=kept, differing=self.differing)


def first_seat(competition: Competition) -> Seat:
    """The seat as a competition opens: the reference holds it."""
    return Seat(champion=reference_of(competition))


def saw_champion(seat: Seat, reachable: bool) -> Seat:
    """Count a round in which the champion's repository was, or was not, there for strangers to read.

    A hub that gave no answer is no reason to call this at all.
    """
    return replace(seat, unreachable=0 if reachable or seat.champion.is_reference else seat.unreachable + 1)


def vacate(seat: Seat, standing: Collection[str], competition: Competition) -> Seat:
    """The seat after the vacancy rule; `standing` are the keys of all submissions that stand on chain now.

    The champion loses it when its hotkey left the subnet or committed again (its key no longer stands), or when its
    repository was out of reach for too many rounds running. The latest champion before it that still stands gets it,
    else the reference. Such an heir has to be within reach in its first round: nobody knows whether its model still is,
    and while it is not, nobody is scored.
    """
    champion = seat.champion
    if champion.is_reference:
        return replace(seat, champion=reference_of(competition))  # its block is the competition's, which may change
    if champion.key in standing and seat.unreachable < competition.judge.unreachable_rounds:
        return seat
    heirs = [one for one in seat.before if one.key in standing]
    if not heirs:
        return first_seat(competition)
    missed = competition.judge.unreachable_rounds - 1
    return Seat(champion=heirs[-1], before=tuple(heirs[:-1]), unreachable=missed)
