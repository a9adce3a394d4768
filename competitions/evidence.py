"""Evidence that two models differ, from wins and losses alone, that may be looked at after every batch."""

from itertools import count
from math import lgamma, log, log2


def evidence(wins: int, losses: int) -> float:
    """log2 of E = 2^n * B(w + 1, l + 1) with n = w + l, B the beta function; grows as the split gets less even.

    E is the likelihood ratio of "the chance to win is anything, uniformly" to "it is one half" (Ville, 1939; Robbins,
    1970). Under one half it is a martingale that starts at 1, so the chance that it ever reaches 1/alpha is at most
    alpha, and half of that on either side. In log2, for 2^545 is no float.

    Worked example: 3 wins to 1 loss give 2^4 * B(4, 2) = 16 / 20 = 0.8; 18 wins to none 2^18 / 19, about 13,797.
    """
    n = wins + losses
    return n + (lgamma(wins + 1) + lgamma(losses + 1) - lgamma(n + 2)) / log(2)


def ahead(wins: int, losses: int, alpha: float) -> bool:
    """Whether w > l with evidence of at least 1/alpha."""
    return wins > losses and evidence(wins, losses) >= -log2(alpha)


def behind(wins: int, losses: int, alpha: float) -> bool:
    """Whether w < l with evidence of at least 1/alpha."""
    return ahead(losses, wins, alpha)


def least_batches(alpha: float) -> int:
    """The fewest batches whose outcome can be evidence of 1/alpha: 11 at 0.01, 18 at 1e-4."""
    return next(n for n in count(1) if ahead(n, 0, alpha))
