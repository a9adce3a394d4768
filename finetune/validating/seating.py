"""Who holds each seat as a round begins: what was kept, the vacancy rule, and agreement with the chain's word."""

from collections.abc import Mapping
from dataclasses import dataclass

from competitions.agreement import agree, chain_word
from competitions.competition import Competition
from competitions.dethroning import judge
from competitions.schedule import Catalog
from competitions.season import season_start
from competitions.seat import Seat, first_seat, vacate
from finetune.validating.discover import Discovery
from finetune.validating.state import State


@dataclass(frozen=True, kw_only=True)
class Seating:
    """The seats of all running competitions as a round begins, by competition id as text."""

    seats: Mapping[str, Seat]

    def seat(self, competition: Competition) -> Seat:
        """The seat of one competition."""
        return self.seats[str(competition.id)]


def seating(state: State, catalog: Catalog, discovery: Discovery) -> Seating:
    """Seat every running competition. Only the competition whose round it is counts a differing round."""
    turn = catalog.turn(discovery.sync)
    return Seating(
        seats={str(one.id): _seat(state, catalog, one, discovery, one == turn) for one in catalog.at(discovery.sync)}
    )


def keep_seats(state: State, catalog: Catalog, sync: int, seats: Mapping[str, Seat]) -> None:
    """Keep every seat after a round; only the competition whose round it was counts as judged in it."""
    turn = catalog.turn(sync)
    for competition in catalog.at(sync):
        kept = state.seat(competition.id)
        judged = sync if competition == turn else kept[1] if kept else -1
        state.keep_seat(competition.id, seats[str(competition.id)], judged)


def _seat(state: State, catalog: Catalog, competition: Competition, discovery: Discovery, its_turn: bool) -> Seat:
    """One competition's seat."""
    kept = state.seat(competition.id)
    entrants = discovery.entrants(competition.id)
    word = chain_word(
        entrants,
        discovery.consensus,
        # A commitment is scored after the delay, and its weights show an epoch or two later.
        settled=discovery.sync - competition.round.eval_delay - 2 * discovery.tempo,
        owner_hotkey=discovery.owner_hotkey,
        competition=competition,
    )
    if kept is None:
        seat, missed = first_seat(competition), competition.judge.missed_rounds
    else:
        seat, judged = kept
        seat = vacate(seat, discovery.standing, competition)
        # The round being played is not a missed one.
        missed = catalog.turns_between(competition.id, max(judged, 0), discovery.sync) - 1
    if not its_turn and missed < competition.judge.missed_rounds:
        return seat
    start = season_start(competition, discovery.sync)
    season = state.season(competition.id, start, competition.round.batch_size)
    refuted = word is not None and judge(season, word, entrants, competition, discovery.sync).dethroner is not None
    return agree(seat, word, missed=missed, refuted=refuted, competition=competition)
