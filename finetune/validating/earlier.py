"""What a validator brings into a round from the rounds before it, and judges by. Each report holds it.

Without it a report could not be checked by itself: duels are counted over a season, and seats are kept from round to
round. It is read before anything is scored.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from competitions.competition import Competition
from competitions.duel import Tally
from competitions.schedule import Catalog
from competitions.season import Entrant, Season, season_start
from competitions.seat import Seat
from finetune.validating.discover import Discovery
from finetune.validating.state import State


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A seat as it was kept, None where none was; `judged` is the sync block of the last round to judge it, or -1."""

    seat: Seat | None
    judged: int


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """All that earlier rounds have left.

    `seats` are by competition id as text, as they were kept. `duels` are the challengers' against the round's champion
    over the season so far, counted at this round's epsilon; `stops` tell the epsilon at which a challenger was last
    stopped as behind that champion. Both are by the challenger's key.
    """

    seats: Mapping[str, Kept]
    duels: Mapping[str, Tally]
    stops: Mapping[str, float]


def look_back(
    state: State, catalog: Catalog, discovery: Discovery, competition: Competition, champion: Entrant
) -> Earlier:
    """What the state holds of the rounds before this one. Raises `SetupError`."""
    start = season_start(competition, discovery.sync)
    kept = state.season(competition.id, start, competition.round.batch_size).rounds
    season = Season({sync: losses for sync, losses in kept.items() if sync < discovery.sync})
    rivals = [one for one in discovery.entrants(competition.id) if one != champion]
    duels = {one.key: season.duel(champion, one, competition, discovery.sync) for one in rivals}
    return Earlier(
        seats={str(one.id): _kept(state, one) for one in catalog.at(discovery.sync)},
        duels={key: duel for key, duel in duels.items() if duel.batches},
        stops=state.stops(competition.id, champion.key),
    )


def _kept(state: State, competition: Competition) -> Kept:
    seat, judged = state.seat(competition.id) or (None, -1)
    return Kept(seat=seat, judged=judged)
