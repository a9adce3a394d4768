"""Who holds each seat as a round begins: what was kept, the vacancy rule, and agreement with the chain's word."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from competitions.agreement import agree, chain_word
from competitions.competition import Competition
from competitions.dethroning import dethrones
from competitions.schedule import Catalog
from competitions.season import Entrant, season_start
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
    turn, running = catalog.turn(discovery.sync), catalog.at(discovery.sync)
    consensus = _consensus(state, running, discovery)
    return Seating(
        seats={str(one.id): _seat(state, catalog, one, discovery, consensus, one == turn) for one in running}
    )


def keep_seats(state: State, catalog: Catalog, sync: int, seats: Mapping[str, Seat]) -> None:
    """Keep every seat after a round; only the competition whose round it was counts as judged in it."""
    turn = catalog.turn(sync)
    for competition in catalog.at(sync):
        kept = state.seat(competition.id)
        judged = sync if competition == turn else kept[1] if kept else -1
        state.keep_seat(competition.id, seats[str(competition.id)], judged)


def _consensus(state: State, running: Iterable[Competition], discovery: Discovery) -> Mapping[str, float]:
    """The consensus by hotkey, but for hotkeys whose commitment held a seat here and no longer stands.

    They have it for that commitment, and keep it for as long as no validator plays a round: an outage that makes all
    adopt the chain's word must not give the seat to whatever its champion has committed meanwhile.
    """
    kept = [found[0].champion for one in running if (found := state.seat(one.id)) is not None]
    left = {one.hotkey for one in kept if not one.is_reference and one.key not in discovery.standing}
    return {hotkey: share for hotkey, share in discovery.consensus.items() if hotkey not in left}


def _seat(
    state: State,
    catalog: Catalog,
    competition: Competition,
    discovery: Discovery,
    consensus: Mapping[str, float],
    its_turn: bool,
) -> Seat:
    """One competition's seat."""
    kept = state.seat(competition.id)
    word = chain_word(
        discovery.entrants(competition.id),
        consensus,
        # The first round after a commitment takes from its hotkey what it held before, and an epoch shows it.
        settled=discovery.sync - competition.round.sync_blocks - discovery.tempo,
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
    refuted = word is not None and _beats(state, competition, discovery.sync, seat.champion, word.entrant)
    return agree(seat, word, missed=missed, refuted=refuted, competition=competition)


def _beats(state: State, competition: Competition, sync: int, ours: Entrant, word: Entrant) -> bool:
    """Whether our champion would dethrone the chain's word by our own evidence.

    That another entrant would is no reason to differ: it does so in this very round if it still may play.
    """
    season = state.season(competition.id, season_start(competition, sync), competition.round.batch_size)
    return dethrones(season.duel(word, ours, competition, sync), competition)
