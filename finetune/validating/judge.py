"""Stage 6, judge: the season's losses -> duels, evidence, and the seat after this round."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from competitions.competition import Competition
from competitions.dethroning import Verdict
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

    @property
    def tally(self) -> Tally:
        """The same without the evidence, which follows from it."""
        return Tally(
            wins=self.wins,
            losses=self.losses,
            batches=self.batches,
            champion_mean=self.champion_mean,
            challenger_mean=self.challenger_mean,
        )


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a round has decided: every seat after it, by competition id as text, and the duels behind it, by key.

    `reachable` is what the vacancy rule went by. Where somebody dethrones, `heirs` are the duels of all others that
    lead the champion with the dethroner as challenger, by their keys: the seat is the first one's that it cannot beat.
    """

    champion: str
    reachable: bool | None
    epsilon: float
    dethroner: str | None
    duels: Mapping[str, Duel]
    seats: Mapping[str, Seat]
    heirs: Mapping[str, Duel] = field(default_factory=dict)


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
        heirs=_heirs(verdict, season, entrants, competition, discovery.sync),
    )


def leads(duel: Tally | Duel) -> bool:
    """Whether a challenger is before the champion in wins and in the mean loss."""
    return duel.wins > duel.losses and duel.challenger_mean < duel.champion_mean


def _heirs(
    verdict: Verdict, season: Season, entrants: Collection[Entrant], competition: Competition, block: int
) -> dict[str, Duel]:
    """The duels that decide who inherits, by the key of who would; none where nobody dethrones."""
    dethroner = verdict.dethroner
    if dethroner is None:
        return {}
    rivals = (one for one in entrants if one != dethroner and one.key in verdict.duels)
    between = {
        one.key: season.duel(one, dethroner, competition, block) for one in rivals if leads(verdict.duels[one.key])
    }
    return {key: _duel(tally) for key, tally in sorted(between.items()) if tally.batches}


def _duel(tally: Tally) -> Duel:
    return Duel(
        wins=tally.wins,
        losses=tally.losses,
        batches=tally.batches,
        champion_mean=tally.champion_mean,
        challenger_mean=tally.challenger_mean,
        evidence=evidence(tally.wins, tally.losses),
    )
