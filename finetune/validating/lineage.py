"""Lineage in a round: the sketches that a validator keeps -> which earlier submission each model is nearest to.

Only what stands on chain is compared, and the reference. Validators that have fetched the same models find the same,
in whatever order they fetched them. One that came later lacks those that it has not fetched yet, as it lacks their
batches and stops: its queue may differ meanwhile, its judgement needs losses all the same.
"""

from collections.abc import Collection

from competitions.competition import Competition
from competitions.lineage import Lineage, lineage
from competitions.season import REFERENCE, Entrant, reference_of
from finetune.hub.sketch import compare
from finetune.validating.discover import Discovery
from finetune.validating.state import State


def lineages(
    state: State, discovery: Discovery, competition: Competition, only: Collection[str] | None = None
) -> dict[str, Lineage]:
    """By key: the lineage of every submission to the competition that was fetched once, or of those in `only`."""
    stored = {one: one.key for one in discovery.entrants(competition.id)}
    stored[reference_of(competition)] = reference_key(competition)
    kept = state.sketches(stored.values())
    sketches = {one: kept[key] for one, key in stored.items() if key in kept}
    found = {}
    for one, ours in sketches.items():
        if one.is_reference or (only is not None and one.key not in only):
            continue
        earlier = (other for other in sketches if _is_earlier(other, one))
        likenesses = {other: like for other in earlier if (like := compare(ours, sketches[other])) is not None}
        if (nearest := lineage(likenesses)) is not None:
            found[one.key] = nearest
    return found


def reference_key(competition: Competition) -> str:
    """The key under which the state keeps what is known of the competition's reference."""
    return f"{REFERENCE}:{competition.id}"


def _is_earlier(one: Entrant, other: Entrant) -> bool:
    """The reference is earlier than all, whenever its competition began."""
    return one.is_reference or one < other
