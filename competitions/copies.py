"""Copies: the same weights belong to whoever committed them first. It knows no file; digests of tensors come in."""

from collections.abc import Mapping

from competitions.rejection import Rejection
from competitions.season import Entrant


def same_weights(digests: Mapping[str, str], entrants: Mapping[str, Entrant]) -> dict[str, Rejection]:
    """Who holds the same tensors as an earlier entrant, under whatever name, sharding or key; by key.

    `digests` are those of the tensors alone, by key, of all models known of, the reference among them; only those in
    `entrants` are compared. The reference comes first, whenever its competition began.
    """
    first: dict[str, Entrant] = {}
    rejections = {}
    compared = (entrants[key] for key in digests if key in entrants)
    for entrant in sorted(compared, key=lambda one: (not one.is_reference, one)):
        earlier = first.setdefault(digests[entrant.key], entrant)
        if earlier != entrant:
            rejections[entrant.key] = Rejection(
                reason="same_weights",
                text=f"the same weights as {earlier.key}, which was committed earlier at block {earlier.block}",
                evidence={"earlier": earlier.key, "tensor_digest": digests[entrant.key]},
            )
    return rejections
