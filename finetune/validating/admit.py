"""Stage 2, admit: gates that need no network, then the queue -> whom this round scores, first to be fetched first."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from competitions.competition import Competition
from competitions.queue import Candidate, choose, waits_since
from competitions.rejection import Rejection
from competitions.season import Entrant, Season
from competitions.stopping import may_play
from finetune.validating.discover import Discovery


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Who may play, those that rest after an early stop, and who is out and why, by key."""

    candidates: tuple[Candidate, ...]
    resting: tuple[str, ...]
    rejections: Mapping[str, Rejection]

    @property
    def queue(self) -> tuple[Entrant, ...]:
        """Everybody who may play, first to be fetched first."""
        return choose(self.candidates, len(self.candidates))

    def lower(self, key: str, blocks: int) -> "Admission":
        """The same with one candidate that waits as if it had come so many blocks later."""
        candidates = (replace(one, lowered=blocks) if one.entrant.key == key else one for one in self.candidates)
        return replace(self, candidates=tuple(candidates))


def admit(
    discovery: Discovery,
    competition: Competition,
    champion: Entrant,
    season: Season,
    stops: Mapping[str, float],
    rejected: Mapping[str, Rejection],
    near: Collection[str] = (),
) -> Admission:
    """Order the competition's challengers.

    `stops` gives the epsilon at which a challenger was last stopped as behind this champion, `rejected` who is out
    for good, `near` whose model is known to be near an earlier one, all by key. The queue holds everybody who may play:
    the next stage takes the first that it can fetch and verify, so that a false submission takes nobody's place.
    """
    epsilon = competition.epsilon.at(discovery.sync - champion.block)
    candidates, resting = [], []
    rejections: dict[str, Rejection] = {}
    for one in discovery.submissions:
        if one.payload.competition != competition.id or one.key == champion.key:
            continue
        entrant = Entrant(block=one.block, key=one.key)
        duel = season.duel(champion, entrant, competition, discovery.sync)
        wait = one.block + competition.round.eval_delay - discovery.sync
        if one.key in rejected:
            rejections[one.key] = rejected[one.key]
        elif wait > 0:
            rejections[one.key] = Rejection(
                reason="too_recent",
                text=f"committed at block {one.block}; it may enter the first round {wait} or more blocks from now",
                retry=True,
                evidence={"block": one.block, "eval_delay": competition.round.eval_delay},
            )
        elif may_play(duel, stops.get(one.key), epsilon, competition):
            candidates.append(
                Candidate(
                    entrant=entrant,
                    coldkey=one.coldkey,
                    since=waits_since(entrant, season),
                    stopped=one.key in stops,
                    batches=duel.batches,
                    lowered=competition.round.sync_blocks if one.key in near else 0,
                )
            )
        else:
            resting.append(one.key)
    return Admission(candidates=tuple(candidates), resting=tuple(sorted(resting)), rejections=rejections)
