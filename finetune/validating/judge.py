"""Stage 6, judge: the season's losses -> duels, evidence, and the seat after this round."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from competitions.competition import Competition
from competitions.dethroning import judge as judge_season
from competitions.duel import Tally
from competitions.evidence import evidence
from competitions.season import Entrant, Season
from competitions.seat import Seat, saw_champion, vacate
from finetune.validating.discover import Discovery
from finetune.validating.seating import Seating


@dataclass(frozen=True, kw_only=True)
class Duel:
    """A challenger's duel with the champion of the round over the whole season; `evidence` is log2 of E."""

    wins: int
    losses: int
    batches: int
    champion_mean: float
    challenger_mean: float
    evidence: float


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a round has decided: every seat after it, by competition id as text, and the duels behind it, by key.

    `reachable` is what the vacancy rule went by.
    """

    champion: str
    reachable: bool | None
    epsilon: float
    dethroner: str | None
    duels: Mapping[str, Duel]
    seats: Mapping[str, Seat]


def judge(
    discovery: Discovery,
    competition: Competition,
    seats: Seating,
    season: Season,
    entrants: Collection[Entrant],
    reachable: bool | None,
) -> Judgement:
    """Judge the seat of the competition whose round this is; the others stay as they were seated.

    `entrants` are the challengers that may take the seat: admitted, verified and within reach. `reachable` says
    whether strangers can read and score the champion's model, None where the hub did not tell.
    """
    seat = seats.seat(competition)
    champion = seat.champion
    verdict = judge_season(season, champion, entrants, competition, discovery.sync)
    after = seat.taken_by(verdict.champion)
    if after.champion == champion and reachable is not None:
        after = vacate(saw_champion(after, reachable), discovery.standing, competition)
    return Judgement(
        champion=champion.key,
        reachable=reachable,
        epsilon=competition.epsilon.at(discovery.sync - champion.block),
        dethroner=verdict.dethroner.key if verdict.dethroner else None,
        duels={key: _duel(tally) for key, tally in verdict.duels.items() if tally.batches},
        seats={**seats.seats, str(competition.id): after},
    )


def _duel(tally: Tally) -> Duel:
    return Duel(
        wins=tally.wins,
        losses=tally.losses,
        batches=tally.batches,
        champion_mean=tally.champion_mean,
        challenger_mean=tally.challenger_mean,
        evidence=evidence(tally.wins, tally.losses),
    )
