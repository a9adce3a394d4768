"""The two classic rules, in which every round decides anew from its own losses. They are here to be compared with.

Both give each pair of models one or more matches and pay the model with the highest win rate. In a match the model that
was committed earlier has its loss lowered by epsilon, which decays with that model's age; the lower loss wins. One rule
has a match a batch, the other has one match, over the mean of the round's losses. Every model is scored on every batch.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from competitions.epsilon import Epsilon
from finetune.simulation.world import Array


def win_rates(losses: Array, blocks: Sequence[int], epsilon: Epsilon, block: int) -> Array:
    """The share of its matches that each model wins: losses of shape (..., models, matches) to (..., models).

    `blocks` says when each model was committed, `block` when it is now. A tie is won by nobody.
    """
    wins = np.zeros(losses.shape[:-1])
    for one, other in combinations(range(len(blocks)), 2):
        earlier, later = (one, other) if blocks[one] <= blocks[other] else (other, one)
        handicap = epsilon.at(block - blocks[earlier]) if blocks[earlier] < blocks[later] else 0.0
        first, second = (1 - handicap) * losses[..., earlier, :], losses[..., later, :]
        wins[..., earlier] += (first < second).sum(axis=-1)
        wins[..., later] += (second < first).sum(axis=-1)
    rates: Array = wins / ((len(blocks) - 1) * losses.shape[-1])
    return rates


def winner_by_aggregate(losses: Array, blocks: Sequence[int], epsilon: Epsilon, block: int) -> np.intp:
    """Who is paid where a round's mean losses are compared; losses of shape (..., models, batches), an index in (...).

    Models stand in the order of their commits, so that the earlier of equals is paid.
    """
    return _first_best(win_rates(losses.mean(axis=-1, keepdims=True), blocks, epsilon, block))


def winner_by_batches(losses: Array, blocks: Sequence[int], epsilon: Epsilon, block: int) -> np.intp:
    """Who is paid where every batch is a match; as above."""
    return _first_best(win_rates(losses, blocks, epsilon, block))


def _first_best(rates: Array) -> np.intp:
    best: np.intp = rates.argmax(axis=-1)
    return best


CLASSIC_RULES = {"aggregate": winner_by_aggregate, "per batch": winner_by_batches}
