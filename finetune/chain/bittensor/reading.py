"""What is read of a subnet at one block, from the library's answers to our values. It decides nothing.

Every function is awaited with a connected client and asks one thing after the other: public endpoints allow about one
request a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finetune.chain.bittensor.fields import raw_data
from finetune.chain.port import Metagraph, Neuron
from finetune.errors import ChainError

FULL = 65535  # a share of 1, as the chain stores shares
RAO_PER_ALPHA = 10**9
# The address of 32 zero bytes: what the chain answers where a subnet's owner has named no hotkey.
NOBODY = "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM"


@dataclass(frozen=True, kw_only=True)
class SubnetState:
    """A subnet at one block: the metagraph, and what it asks of weights.

    `updates` is by hotkey what the chain counts its rate limit from: the block of the last weights or, for a neuron
    that has set none, usually of its registration. `max_weight_share` is a share of 1.
    """

    metagraph: Metagraph
    updates: Mapping[str, int]
    weights_version: int
    min_allowed_weights: int
    max_weight_share: float


async def read_subnet(client: Any, netuid: int, block: int) -> SubnetState:
    """The subnet at a block, in three requests. Raises `ChainError` where there is none."""
    from bittensor import storage

    graph = await client.subnets.metagraph(netuid, block=block, commitments=False)
    if graph is None:
        raise ChainError(f"there is no subnet {netuid} at block {block}")
    trust = await client.query(storage.SubtensorModule.ValidatorTrust, [netuid], block=block)
    factor = await client.query(storage.SubtensorModule.ActivityCutoffFactorMilli, [netuid], block=block)
    metagraph = Metagraph(
        block=block,
        tempo=graph.tempo,
        # As the epoch counts it; the cutoff in the runtime's own answer is a former setting that no longer counts.
        activity_cutoff=max(1, int(factor) * graph.tempo // 1000),
        weights_rate_limit=int(graph.raw["weights_rate_limit"]),
        owner_hotkey=None if graph.owner_hotkey == NOBODY else graph.owner_hotkey,
        neurons=tuple(_neuron(neuron, trust) for neuron in graph.neurons),
    )
    return SubnetState(
        metagraph=metagraph,
        updates={neuron.hotkey: neuron.last_update for neuron in graph.neurons},
        weights_version=int(graph.raw["weights_version"]),
        min_allowed_weights=int(graph.raw["min_allowed_weights"]),
        max_weight_share=int(graph.raw["max_weights_limit"]) / FULL,
    )


def _neuron(neuron: Any, trust: Any) -> Neuron:
    # A new neuron is given its registration as its last update, or inherits that of the uid's former tenant.
    set_weights = neuron.last_update > neuron.block_at_registration
    return Neuron(
        uid=neuron.uid,
        hotkey=neuron.hotkey,
        coldkey=neuron.coldkey,
        stake=neuron.total_stake.rao / RAO_PER_ALPHA,
        validator_permit=neuron.validator_permit,
        last_update=neuron.last_update if set_weights else -1,
        block_at_registration=neuron.block_at_registration,
        incentive=neuron.incentive,
        dividends=neuron.dividends,
        consensus=neuron.consensus,
        validator_trust=int(trust[neuron.uid]) / FULL if neuron.uid < len(trust) else 0.0,
    )


async def read_commitments(client: Any, netuid: int, block: int) -> list[tuple[str, int, bytes]]:
    """Hotkey, block and data of all commitments that stand at a block, those of hotkeys without a uid included.

    The library's own reading of a subnet's commitments is not used: it joins fields, and one hostile commitment is
    enough to make it fail for all.
    """
    from bittensor import storage

    rows = await client.query_map(storage.Commitments.CommitmentOf, [netuid], block=block)
    return [(str(hotkey), *_commitment(record)) for hotkey, record in rows]


async def read_commitment(client: Any, netuid: int, hotkey: str, block: int) -> tuple[int, bytes] | None:
    """Block and data of what one hotkey has committed, as it stands at a block."""
    from bittensor import storage

    record = await client.query(storage.Commitments.CommitmentOf, [netuid, hotkey], block=block)
    return None if record is None else _commitment(record)


def _commitment(record: Any) -> tuple[int, bytes]:
    return int(record["block"]), raw_data(record["info"]["fields"])


async def read_hash(client: Any, block: int) -> bytes:
    """The hash of a block. The library offers it with the whole block only."""
    info = await client.block_info(block)
    if info is None:
        raise ChainError(f"the chain has no block {block}, which it called final")
    digest = bytes.fromhex(str(info.hash).removeprefix("0x"))
    if len(digest) != 32:
        raise ChainError(f"the hash of block {block} has {len(digest)} bytes; it must have 32")
    return digest


async def read_time(client: Any, block: int) -> float:
    """When a block was made, in Unix seconds; the chain keeps milliseconds."""
    from bittensor import storage

    return int(await client.query(storage.Timestamp.Now, [], block=block)) / 1000


async def read_last_update(client: Any, netuid: int, uid: int, block: int) -> int:
    """The block in which a uid last set weights, hidden ones included, as known at a block."""
    from bittensor import storage

    updates = await client.query(storage.SubtensorModule.LastUpdate, [netuid], block=block)
    return int(updates[uid])


async def read_uid(client: Any, netuid: int, hotkey: str, block: int) -> int | None:
    """The uid of a hotkey at a block, where it has one."""
    from bittensor import storage

    uid = await client.query(storage.SubtensorModule.Uids, [netuid, hotkey], block=block)
    return None if uid is None else int(uid)


async def read_next_epoch(client: Any, netuid: int) -> int | None:
    """The block of the subnet's next epoch; None where it runs none."""
    block: int | None = await client.epochs.next_epoch_start_block(netuid)
    return block
