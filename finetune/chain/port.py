"""The `Chain` port: the few things the subnet asks of a blockchain, and the values it answers with.

It knows no SDK and no storage. A chain is bound to one subnet when it is made, so no call names a netuid.
What stood at a block never changes afterwards: a call made while the newest block is n lands in block n + 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

BLOCK_SECONDS = 12.0  # what a block takes by the chain's own plan
MAX_COMMITMENT_BYTES = 128  # bytes; what the chain stores in a raw commitment field


class Signer(Protocol):
    """A key pair that signs. `bittensor.sp_core.Keypair` is one."""

    @property
    def ss58_address(self) -> str: ...

    def sign(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Neuron:
    """One registered hotkey, as it stood at the metagraph's block.

    `stake` is in alpha and counts what delegators added. `incentive`, `dividends` and `consensus` are shares of 1
    from the last epoch, `validator_trust` the part of the neuron's weights that consensus kept, 0 to 1.
    `last_update` is the block at which it last set weights, or -1.
    """

    uid: int
    hotkey: str
    coldkey: str
    stake: float
    validator_permit: bool
    last_update: int
    block_at_registration: int
    incentive: float
    dividends: float
    consensus: float
    validator_trust: float


@dataclass(frozen=True, kw_only=True)
class Metagraph:
    """The subnet at one block. `tempo`, `activity_cutoff` and `weights_rate_limit` are in blocks."""

    block: int
    tempo: int
    activity_cutoff: int
    weights_rate_limit: int
    owner_hotkey: str | None
    neurons: tuple[Neuron, ...]

    @cached_property
    def by_hotkey(self) -> dict[str, Neuron]:
        """The neurons by hotkey."""
        return {neuron.hotkey: neuron for neuron in self.neurons}


@dataclass(frozen=True, kw_only=True)
class Commitment:
    """What a registered hotkey last committed, and the block it landed in. `data` is hostile until parsed."""

    hotkey: str
    block: int
    data: bytes


class Chain(Protocol):
    """One subnet of a blockchain. Every call may raise `ChainUnavailable`."""

    def block(self) -> int:
        """The newest finalized block."""
        ...

    def block_hash(self, block: int) -> bytes:
        """The 32-byte hash of a finalized block. Raises `BlockNotFinal`."""
        ...

    def block_time(self, block: int) -> float:
        """When a finalized block was made, in Unix seconds, as the block itself says. Raises `BlockNotFinal`."""
        ...

    def metagraph(self, block: int | None = None) -> Metagraph:
        """The subnet at a block, the newest by default. Raises `BlockNotFinal`."""
        ...

    def commitments(self, block: int) -> tuple[Commitment, ...]:
        """The standing commitment of every hotkey registered at the block, in one read.

        Commitments older than their hotkey's registration are left out: they belong to an earlier tenant of the key.
        Raises `BlockNotFinal`.
        """
        ...

    def commit(self, hotkey: Signer, data: bytes) -> int:
        """Commit at most 128 bytes, replacing what stood; returns the block it landed in, once it is sure to.

        Raises `CommitmentTooLarge`, `NotRegistered`, `RateLimited`.
        """
        ...

    def set_weights(self, hotkey: Signer, weights: Mapping[str, float], *, version_key: int = 0) -> None:
        """Set this validator's weights by hotkey; finite, non-negative, at least one above zero.

        Raises `NotRegistered` (the validator, or a target by name), `RateLimited`, `ValueError`, and `ChainError`
        without a validator permit.
        """
        ...

    def check_weights_shape(self, shares: Sequence[float]) -> str:
        """Why the subnet would refuse weights of such shares, or bend them, in one sentence; nothing if it takes them.

        For the start of a validator: `shares` are those that its weights may have, above 0 and 1 in all.
        """
        ...

    def register(self, hotkey: Signer, coldkey: str) -> int:
        """Register the hotkey under the coldkey's address; returns its uid. A registered one keeps its uid.

        Raises `ChainError` where another coldkey owns the hotkey or no uid can be had.
        """
        ...
