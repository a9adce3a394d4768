"""Stage 2, admit: gates that need no network, then the queue -> whom this round scores, first to be fetched first."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from competitions.competition import Competition
from competitions.queue import Candidate, choose
from competitions.rejection import Rejection
from competitions.season import Entrant, Season
from competitions.stopping import may_play
from finetune.validating.discover import Discovery
from finetune.validating.state import KnownModel


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

    def lower(self, key: str, batches: int) -> "Admission":
        """The same with one candidate counted as having shared so many batches more."""
        candidates = (replace(one, lowered=batches) if one.entrant.key == key else one for one in self.candidates)
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
                    stopped=one.key in stops,
                    batches=duel.batches,
                    lowered=competition.round.batches if one.key in near else 0,
                )
            )
        else:
            resting.append(one.key)
    return Admission(candidates=tuple(candidates), resting=tuple(sorted(resting)), rejections=rejections)


def same_weights(models: Mapping[str, KnownModel], entrants: Mapping[str, Entrant]) -> dict[str, Rejection]:
    """Who holds the same tensors as an earlier entrant, under whatever name, sharding or key; by key.

    `models` are all models known of, the reference among them; only those in `entrants` are compared. The reference
    comes first, whenever its competition began.
    """
    first: dict[str, Entrant] = {}
    rejections = {}
    compared = (entrants[key] for key in models if key in entrants)
    for entrant in sorted(compared, key=lambda one: (not one.is_reference, one)):
        earlier = first.setdefault(models[entrant.key].tensor_digest, entrant)
        if earlier != entrant:
            rejections[entrant.key] = Rejection(
                reason="same_weights",
                text=f"the same weights as {earlier.key}, which was committed earlier at block {earlier.block}",
                evidence={"earlier": earlier.key, "tensor_digest": models[entrant.key].tensor_digest},
            )
    return rejections
