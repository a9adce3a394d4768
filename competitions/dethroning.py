"""Dethroning: when a challenger's evidence is enough, and who then takes the seat."""

from collections.abc import Collection
from dataclasses import dataclass

from competitions.competition import Competition
from competitions.duel import Tally
from competitions.evidence import ahead, least_batches
from competitions.season import Entrant, Season


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a season's losses say of a seat: who shall hold it, who dethroned the champion if anyone did, every duel."""

    champion: Entrant
    dethroner: Entrant | None
    duels: dict[str, Tally]


def dethrones(duel: Tally, competition: Competition) -> bool:
    """Whether a challenger takes the seat: w > l, E >= 1/alpha, and a mean loss below the champion's as it counts.

    The mean keeps out a model that is a hair better on most batches and far worse on the rest.
    """
    return ahead(duel.wins, duel.losses, competition.judge.alpha) and duel.challenger_mean < duel.champion_mean


def judge(
    season: Season, champion: Entrant, challengers: Collection[Entrant], competition: Competition, block: int
) -> Verdict:
    """Judge the seat on the whole season; the order in which challengers are given changes nothing.

    Of several that dethrone, the one with the lowest mean loss beside the champion's counts as the dethroner, the
    earlier one of equals. The seat then goes to the earliest challenger X that leads the champion, in wins and in the
    mean, and over whom, with X as champion, the dethroner has no lead: a copy of X thus wins the seat for X. Their
    shared batches must be enough for evidence of 1/stop_alpha, or one lucky batch would inherit. Whoever takes the
    seat has the lower mean loss, so that no cycle of wins moves it for ever.
    """
    ordered = sorted(one for one in challengers if one != champion)
    duels = {one.key: season.duel(champion, one, competition, block) for one in ordered}
    winners = [one for one in ordered if dethrones(duels[one.key], competition)]
    if not winners:
        return Verdict(champion=champion, dethroner=None, duels=duels)
    dethroner = min(winners, key=lambda one: (_relative_loss(duels[one.key]), one))
    heir = next(one for one in ordered if _inherits(season, one, duels[one.key], dethroner, competition, block))
    return Verdict(champion=heir, dethroner=dethroner, duels=duels)


def _relative_loss(duel: Tally) -> float:
    """The challenger's mean loss as a part of the champion's: below 1 for every dethroner."""
    return duel.challenger_mean / duel.champion_mean


def _inherits(
    season: Season, one: Entrant, duel: Tally, dethroner: Entrant, competition: Competition, block: int
) -> bool:
    """Whether the seat is this challenger's rather than the dethroner's; it always is for the dethroner itself."""
    if one == dethroner:
        return True
    between = season.duel(one, dethroner, competition, block)
    leads = duel.wins > duel.losses and duel.challenger_mean < duel.champion_mean
    met = between.batches >= least_batches(competition.judge.stop_alpha)
    return leads and met and between.wins <= between.losses
