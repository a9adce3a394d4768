"""The rules of one local chain: fixed when it is made and kept in its file."""

import json
import math
from dataclasses import asdict, dataclass

RAO_PER_ALPHA = 10**9  # the chain counts in rao, whole numbers; amounts of alpha are shown as floats


@dataclass(frozen=True, kw_only=True)
class LocalSettings:
    """The rules, by default those of the public network.

    Sources: the chain's `runtime/src/lib.rs` (the constants `SubtensorInitial...`), its hyperparameters' documentation
    at https://docs.learnbittensor.org/subnets/subnet-hyperparameters, and for `block_seconds` the network's 12.

    Attributes:
        tempo: blocks from one epoch to the next.
        max_uids: neurons at most.
        max_validators: neurons with a validator permit at most.
        immunity_period: blocks after its registration in which a neuron cannot be replaced.
        activity_cutoff: blocks after its last weights in which a validator still counts.
        weights_rate_limit: blocks between two settings of weights by one validator.
        min_allowed_weights: hotkeys that weights must name at least. There is no limit to the share of one.
        reveal_period: epochs that weights stay hidden; 0 shows and applies them at once.
        kappa: share of the stake that must support a weight.
        bond_moving_average: how much of the old bonds an epoch keeps.
        take: share of its dividends that a validator keeps before it shares with all who stake on it.
        block_seconds: how long a block lasts by the clock; None where blocks come by `advance` alone.
            The public network's is 12.
    """

    tempo: int = 360
    max_uids: int = 256
    max_validators: int = 64
    immunity_period: int = 4096
    activity_cutoff: int = 5000
    weights_rate_limit: int = 100
    min_allowed_weights: int = 1
    reveal_period: int = 1
    kappa: float = 0.5
    bond_moving_average: float = 0.9
    take: float = 0.18
    block_seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("tempo", "max_uids", "max_validators", "min_allowed_weights"):
            _check(name, getattr(self, name), getattr(self, name) >= 1, "1 or more")
        for name in ("immunity_period", "activity_cutoff", "weights_rate_limit", "reveal_period"):
            _check(name, getattr(self, name), getattr(self, name) >= 0, "0 or more")
        _check("kappa", self.kappa, 0 < self.kappa <= 1, "above 0 and at most 1")
        for name in ("bond_moving_average", "take"):
            _check(name, getattr(self, name), 0 <= getattr(self, name) <= 1, "from 0 to 1")
        seconds = self.block_seconds
        _check("block_seconds", seconds, seconds is None or 0 < seconds < math.inf, "None, or above 0 and finite")

    def to_json(self) -> str:
        """The settings as they are kept in the file."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "LocalSettings":
        """The settings that `to_json` wrote."""
        return LocalSettings(**json.loads(text))


def _check(name: str, value: object, good: bool, allowed: str) -> None:
    if not good:
        raise ValueError(f"{name} is {value}; it must be {allowed}")
