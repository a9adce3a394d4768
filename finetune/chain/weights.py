"""What weights must be before any chain is asked to take them. It knows no chain and no limits of a subnet."""

import math
from collections.abc import Mapping


def check_weights(weights: Mapping[str, float]) -> None:
    """Raise `ValueError` for weights by hotkey that are not finite, below 0, or none of them above 0."""
    for hotkey, weight in weights.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise ValueError(f"the weight of {hotkey} is {weight}; only finite numbers of 0 or more are allowed")
    if not any(weights.values()):
        raise ValueError(f"none of the {len(weights)} weights is above 0; at least one must be")
