"""A competition played over rounds on given losses, by the rules in `competitions` and nothing else.

It is a validator's round without chain, hub and models: the queue, early stops, the season, the seat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from competitions.batches import Losses
from competitions.competition import Competition
from competitions.dethroning import judge
from competitions.duel import Tally, outcomes
from competitions.queue import Candidate, choose, waits_since
from competitions.season import Entrant, Season, season_start
from competitions.stopping import Stop, may_play, stop_reason


@dataclass(frozen=True, kw_only=True)
class Played:
    """A round's end: who holds the seat now, and how many batches each model was scored on, by key."""

    champion: str
    batches: Mapping[str, int]


def batches_scored(
    champion: Losses, challenger: Losses, before: Tally, epsilon: float, competition: Competition
) -> tuple[int, Stop | None]:
    """How many batches of a round a challenger is scored on, and why it stopped, if it did.

    Both losses of shape (batches,); `before` is the duel over the season's earlier rounds.
    """
    wins, losses, total = before.wins, before.losses, len(champion)
    results = outcomes(champion, challenger, epsilon=epsilon, floor=competition.judge.floor).tolist()
    for batch, result in enumerate(results, start=1):
        wins, losses = wins + (result == 1), losses + (result == -1)
        reason = stop_reason(wins, losses, before.batches + batch, total - batch, competition)
        if reason is not None:
            return batch, reason
    return total, None


class Game:
    """One competition from some round on; all entrants stay to the end, each under a coldkey of its own."""

    def __init__(self, competition: Competition, champion: Entrant, others: Sequence[Entrant], sync: int) -> None:
        """`sync` is the first round's block."""
        self.competition, self.champion, self.sync = competition, champion, sync
        self._entrants = (champion, *others)
        self._rounds: dict[int, dict[str, Losses]] = {}
        self._stops: dict[tuple[str, str], float] = {}  # epsilon at the last stop, by champion and challenger

    def play(self, losses: Mapping[str, Losses]) -> Played:
        """One round: `losses` has what each model would score on all of its batches, by key."""
        champion, competition = self.champion, self.competition
        epsilon = competition.epsilon.at(self.sync - champion.block)
        start = season_start(competition, self.sync)
        self._rounds = {sync: found for sync, found in self._rounds.items() if sync >= start}
        season = Season(self._rounds)
        ours = losses[champion.key]
        scored = {champion.key: ours}
        for one in self._queue(season, epsilon):
            before = season.duel(champion, one, competition, self.sync)
            batches, reason = batches_scored(ours, losses[one.key], before, epsilon, competition)
            scored[one.key] = losses[one.key][:batches]
            if reason == "behind":
                self._stops[champion.key, one.key] = epsilon
        self._rounds[self.sync] = scored
        self.champion = judge(Season(self._rounds), champion, self._entrants, competition, self.sync).champion
        self.sync += competition.round.sync_blocks
        return Played(champion=self.champion.key, batches={key: len(found) for key, found in scored.items()})

    def _queue(self, season: Season, epsilon: float) -> tuple[Entrant, ...]:
        candidates = []
        for one in self._entrants:
            if one == self.champion:
                continue
            duel = season.duel(self.champion, one, self.competition, self.sync)
            stopped = self._stops.get((self.champion.key, one.key))
            if may_play(duel, stopped, epsilon, self.competition):
                candidates.append(
                    Candidate(
                        entrant=one,
                        coldkey=one.key,
                        since=waits_since(one, season),
                        stopped=stopped is not None,
                        batches=duel.batches,
                    )
                )
        return choose(candidates, self.competition.round.challengers)
