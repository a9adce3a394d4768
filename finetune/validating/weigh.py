"""Stage 7, weigh: the seats of all competitions -> weights by hotkey."""

from collections.abc import Mapping
from dataclasses import dataclass

from competitions.schedule import Catalog
from competitions.weights import weigh as weights_of_seats
from finetune.validating.discover import Discovery
from finetune.validating.judge import Judgement


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Weights by hotkey, summing to 1, or none: then those on chain stay as they are."""

    by_hotkey: Mapping[str, float]


def weigh(catalog: Catalog, discovery: Discovery, judgement: Judgement) -> Weights:
    """Give each seat its competition's reward share; the reference's goes to the subnet owner, where it is burnt."""
    running = catalog.at(discovery.sync)
    pairs = [(one, judgement.seats[str(one.id)]) for one in running]
    return Weights(by_hotkey=weights_of_seats(pairs, discovery.owner_hotkey))
