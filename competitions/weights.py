"""Weights: from the seats of all competitions to one share per hotkey."""

from collections.abc import Iterable

from competitions.competition import Competition
from competitions.seat import Seat


def weigh(seats: Iterable[tuple[Competition, Seat]], owner_hotkey: str | None) -> dict[str, float]:
    """Weights by hotkey, in order of hotkey: finite, non-negative, summing to 1, or none at all.

    Each champion's hotkey gets its competition's reward share. The reference's share goes to the subnet owner's hotkey,
    where the chain burns it; without one, to the others in proportion. Empty where nobody holds a seat and nothing can
    be burnt: then the weights that stand stay as they are.
    """
    shares: dict[str, float] = {}
    # By id: a sum of floats depends on the order in its last bit.
    for competition, seat in sorted(seats, key=lambda held: held[0].id):
        hotkey = seat.champion.hotkey or owner_hotkey
        if hotkey is not None and competition.reward > 0:
            shares[hotkey] = shares.get(hotkey, 0.0) + competition.reward
    total = sum(shares.values())
    return {hotkey: shares[hotkey] / total for hotkey in sorted(shares)}
