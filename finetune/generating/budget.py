"""The budget: how many requests a run may send and what they may cost. It knows no endpoint and no clock.

A request is paid for in advance at the most that it can cost, and what it did not cost is given back: so even requests
under way together never go over the limit.
"""

from dataclasses import dataclass

BUDGET_SPENT = "the budget is spent"


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What a million tokens cost, in any one currency."""

    tokens_in: float = 0.0
    tokens_out: float = 0.0

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """The price of one request."""
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / 1e6


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What has been used: requests sent, tokens read and written by the model, and their cost."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            requests=self.requests + other.requests,
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
            cost=self.cost + other.cost,
        )


class Budget:
    """Counts what is spent against two limits, each of which may be absent."""

    def __init__(self, *, prices: Prices, max_requests: int | None, max_cost: float | None, spent: Spent) -> None:
        """Begin with what earlier sessions of the run have spent."""
        self.prices = prices
        self.spent = spent
        self._max_requests = max_requests
        self._max_cost = max_cost
        self._held = 0.0

    def reserve(self, tokens_in: int, tokens_out: int) -> bool:
        """Hold the price of a request of at most so many tokens; whether the limits allow it."""
        worst = self.prices.cost(tokens_in, tokens_out)
        if self._max_requests is not None and self.spent.requests >= self._max_requests:
            return False
        if self._max_cost is not None and self.spent.cost + self._held + worst > self._max_cost:
            return False
        self._held += worst
        self.spent += Spent(requests=1)
        return True

    def settle(self, tokens_in: int, tokens_out: int, *, held: tuple[int, int]) -> Spent:
        """Take what a request did use in place of what was held for it; returns that."""
        used = Spent(tokens_in=tokens_in, tokens_out=tokens_out, cost=self.prices.cost(tokens_in, tokens_out))
        self._held -= self.prices.cost(*held)
        self.spent += used
        return used + Spent(requests=1)
