"""A rejection: why a submission does not take part, in a form that a miner can read and a board can count."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Fault = Literal["miner", "validator", "network"]


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """Why a submission is out.

    `reason` is a short code in snake_case, stable over time; `text` one sentence for the miner. `fault` says whose it
    is: only the miner's own count against a submission. `retry` is true when the same submission may be admitted
    later without any act of the miner. `evidence` holds the figures behind it.
    """

    reason: str
    text: str
    fault: Fault = "miner"
    retry: bool = False
    evidence: Mapping[str, object] = field(default_factory=dict)
