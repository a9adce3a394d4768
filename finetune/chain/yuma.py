"""Yuma Consensus: from the validators' weights and stakes of one epoch to incentives and dividends.

Pure array arithmetic. It knows no chain, no block and no hotkey; a neuron is its uid, the index of a row or a column.
The rules are those of the chain's consensus document, https://github.com/opentensor/subtensor/blob/main/docs/consensus.md
(equations 3, 5 and 6, with a bonds penalty of 1).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# Shares that add up to kappa on paper may fall short of it by rounding, by about 1e-16 for each validator.
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class EpochResult:
    """What one epoch gives n neurons, by uid.

    Attributes:
        consensus: (n,) the largest weight that at least kappa of the stake supports, 0 to 1.
        incentive: (n,) the miners' shares of the reward; they sum to 1, or to 0 where nobody is ranked.
        dividends: (n,) the validators' shares of the reward; they sum to 1, or to 0 where nobody holds a paying bond.
        validator_trust: (n,) the part of each validator's weights that consensus kept, 0 to 1.
        bonds: (n, n) row = validator; each column sums to 1, or to 0. Pass it to the next epoch.
    """

    consensus: Array
    incentive: Array
    dividends: Array
    validator_trust: Array
    bonds: Array


def epoch(
    weights: ArrayLike,
    stake: ArrayLike,
    bonds: ArrayLike | None = None,
    *,
    kappa: float = 0.5,
    bond_moving_average: float = 0.9,
    owner: int | None = None,
) -> EpochResult:
    """Run one epoch of Yuma Consensus over n neurons.

    With weights W (rows made to sum to 1, no weight on oneself) and stake shares S:

    - consensus `C_j`: the largest w for which the validators with `W_ij >= w` hold at least kappa of the stake;
    - clipped weights `K_ij = min(W_ij, C_j)`, and validator trust `sum_j K_ij`;
    - rank `R_j = sum_i S_i K_ij`, and incentive `I_j = R_j / sum_k R_k`;
    - bonds `B_ij = 0.9 old_ij + 0.1 S_i K_ij / sum_k S_k K_kj`, columns made to sum to 1 before and after;
    - dividends `D_i` in proportion to `sum_j B_ij I_j`.

    Worked example: validators 0, 1 and 2 hold 50, 30 and 20; 0 and 1 give miners 3 and 4 the weights 0.6 and 0.4, and 2
    gives all to miner 4. The consensus of 3 is 0.6 (80% support it), that of 4 is 0.4 (only 20% support 1), so 2's
    weight is cut to 0.4: ranks 0.48 and 0.4, incentives 6/11 and 5/11, validator trust 1, 1 and 0.4. Bonds on miner 3
    are 5/8 and 3/8, on miner 4 0.5, 0.3 and 0.2, so the dividends are 25/44, 15/44 and 4/44.

    Args:
        weights: (n, n), row = validator, column = target; only the proportions within a row matter.
        stake: (n,), in any unit; neurons that may not validate have 0.
        bonds: (n, n), of the last epoch; None where there was none.
        kappa: share of the stake that must support a weight, above 0 and at most 1.
        bond_moving_average: how much of the old bonds is kept, 0 to 1.
        owner: the uid whose weight on itself counts, as the chain allows the subnet's owner: it is how an owner who
            validates burns.

    Raises:
        ValueError: an argument has the wrong shape or range, or holds a NaN, an infinity or a negative number.
    """
    w = _checked("weights", weights, dimensions=2)
    n = w.shape[0]
    s = _checked("stake", stake, dimensions=1, n=n)
    old = np.zeros((n, n)) if bonds is None else _checked("bonds", bonds, dimensions=2, n=n)
    _check_range("kappa", kappa, 0.0 < kappa <= 1.0, "a number above 0 and at most 1")
    _check_range("bond_moving_average", bond_moving_average, 0.0 <= bond_moving_average <= 1.0, "a number from 0 to 1")
    _check_range("owner", owner, owner is None or 0 <= owner < n, f"a uid from 0 to {n - 1}, or None")

    others = ~np.eye(n, dtype=bool)
    if owner is not None:
        others[owner, owner] = True
    w = _normalised(np.where(others, w, 0.0), axis=1)
    s = _normalised(s, axis=0)

    consensus = _consensus(w, s, kappa)
    clipped = np.minimum(w, consensus)
    incentive = _normalised(s @ clipped, axis=0)
    new = _normalised(s[:, np.newaxis] * clipped, axis=0)
    kept = bond_moving_average * _normalised(old, axis=0)
    moved = _normalised(kept + (1.0 - bond_moving_average) * new, axis=0)
    return EpochResult(
        consensus=consensus,
        incentive=incentive,
        dividends=_normalised(moved @ incentive, axis=0),
        validator_trust=clipped.sum(axis=1),
        bonds=moved,
    )


def _consensus(weights: Array, stake: Array, kappa: float) -> Array:
    """The largest weight of each column that at least kappa of the stake supports, (n,)."""
    staked = np.flatnonzero(stake)
    if not staked.size:
        return np.zeros(weights.shape[1])
    offered = weights[staked]
    order = np.argsort(-offered, axis=0, kind="stable")
    support = np.cumsum(stake[staked][order], axis=0)
    # All the stake supports the smallest weight, so every column has a first row that reaches kappa.
    first = np.argmax(support >= kappa - _ROUNDING, axis=0)
    columns = np.arange(weights.shape[1])
    chosen: Array = offered[order[first, columns], columns]
    return chosen


def _normalised(values: Array, *, axis: int) -> Array:
    """Values made to sum to 1 along the axis; what sums to 0 stays 0."""
    # Dividing by the largest first keeps sums of huge values finite and those of tiny values above 0.
    largest = values.max(axis=axis, keepdims=True, initial=0.0)
    scaled = np.divide(values, largest, out=np.zeros_like(values), where=largest > 0)
    total = scaled.sum(axis=axis, keepdims=True)
    shares: Array = np.divide(scaled, total, out=np.zeros_like(values), where=total > 0)
    return shares


def _checked(name: str, values: ArrayLike, *, dimensions: int, n: int | None = None) -> Array:
    """The argument as float64, or a ValueError that says what is wrong with it. Without n, any square will do."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not an array of numbers: {error}") from error
    size = n if n is not None else (array.shape[0] if array.ndim else 0)
    if array.shape != (size,) * dimensions:
        allowed = str((size,) * dimensions) if n is not None else "square, (n, n)"
        raise ValueError(f"{name} has shape {array.shape}; it must be {allowed}")
    bad = np.argwhere(~(np.isfinite(array) & (array >= 0.0)))
    if bad.size:
        where = tuple(int(i) for i in bad[0])
        raise ValueError(f"{name} holds {array[where]} at {where}; only finite numbers of 0 or more are allowed")
    return array


def _check_range(name: str, value: float | None, good: bool, allowed: str) -> None:
    if not good:
        raise ValueError(f"{name} is {value}; it must be {allowed}")
