"""A node of the network for tests: the library's own seam (`bittensor.Subtensor("local", substrate=...)`) over a local
chain. Storage, runtime calls and extrinsics answer from its file, under the names and in the shapes of the real ones.

It verifies no signature and asks no fee. An extrinsic lands in the next block, which it makes at once.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bittensor
from bittensor.result import ExtrinsicResult

from finetune.chain.bittensor.reading import FULL, NOBODY, RAO_PER_ALPHA
from finetune.chain.local import LocalChain
from finetune.chain.port import Commitment
from finetune.errors import BlockNotFinal, ChainError, CommitmentTooLarge, NotRegistered, RateLimited
from tests.finetune.chain.bittensor.scale import decode_registration, encode_info


@dataclass(frozen=True)
class Key:
    """A signer as the library wants one, whose address may be any text."""

    ss58_address: str
    crypto_type: int = 1

    @property
    def public_key(self) -> bytes:
        return hashlib.sha256(self.ss58_address.encode()).digest()

    def sign(self, data: bytes) -> bytes:
        return b"\0" * 64


async def _no_fault(what: str) -> None:
    """Nothing goes wrong."""


@dataclass(kw_only=True)
class Node:
    """What all connections to one node share: its chain's file, its faults, what it was asked and what it was sent.

    The chain is that of subnet `netuid`. `fault` is awaited with the name of each request before it is answered, and
    with "submitted" when an extrinsic has landed and its answer has not been given: what it raises or waits for is what
    the library sees. `refusal` is what extrinsics fail with in their block. Finality lags `lag` blocks behind.
    `records` replace stored commitments by hotkey, `updates` the last update of uids.
    """

    path: Path
    netuid: int = 1
    fault: Callable[[str], Awaitable[None]] = _no_fault
    asked: list[str] = field(default_factory=list)
    sent: list[Any] = field(default_factory=list)
    dials: int = 0
    lag: int = 0
    refusal: bittensor.ChainError | None = None
    commit_reveal: bool = False
    weights_version: int = 7
    min_allowed_weights: int = 1
    max_weights_limit: int = FULL
    records: dict[str, Any] = field(default_factory=dict)
    updates: dict[int, int] = field(default_factory=dict)

    def dial(self) -> bittensor.Subtensor:
        """A client, not yet connected."""
        return bittensor.Subtensor("local", substrate=FakeSubstrate(self))

    async def meet(self, what: str) -> None:
        self.asked.append(what)
        await self.fault(what)


def stored_commitment(one: Commitment) -> dict[str, Any]:
    """A commitment as the library decodes it from storage."""
    return decode_registration(one.block, encode_info({"fields": [{f"Raw{len(one.data)}": one.data}]}))


class FakeSubstrate:
    """One connection to a node. The file is opened in the thread that connects."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.token_symbols: dict[int, str] = {}
        self._open: LocalChain | None = None
        self._blocks: dict[str, int] = {}

    @property
    def _chain(self) -> LocalChain:
        assert self._open is not None, "not connected"
        return self._open

    async def connect(self) -> None:
        self.node.dials += 1
        await self.node.meet("connect")
        self._open = self._open or LocalChain(self.node.path)

    async def close(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = None

    def balance(self, rao: int, netuid: int = 0) -> bittensor.Balance:
        return bittensor.Balance(int(rao), netuid)

    async def block_hash(self, block: int | None = None) -> str:
        await self.node.meet(f"block_hash {block}")
        number = self._chain.block() if block is None else block
        try:
            found = "0x" + self._chain.block_hash(number).hex()
        except BlockNotFinal as error:
            raise bittensor.ChainError(f"no block at height {block}") from error
        self._blocks[found] = number
        return found

    async def block_number(self) -> int:
        await self.node.meet("block_number")
        return self._chain.block()

    async def finalized_block_number(self) -> int:
        await self.node.meet("finalized_block_number")
        return self._chain.block() - self.node.lag

    async def block_time(self) -> float:
        return 12.0

    async def spec_version(self) -> int:
        return 1

    async def get_block(self, block_number: int | None = None, block_hash: str | None = None) -> dict[str, Any]:
        await self.node.meet("get_block")
        assert block_number is not None
        stamp = {"call": {"call_module": "Timestamp", "call_args": [{"value": self._milliseconds(block_number)}]}}
        digest = "0x" + self._chain.block_hash(block_number).hex()
        return {"header": {"number": block_number, "hash": digest}, "extrinsics": [stamp, None]}

    async def blocks(self, *, finalized: bool = False) -> AsyncIterator[dict[str, Any]]:
        raise NotImplementedError
        yield {}

    async def constant(self, module: str, name: str) -> Any:
        raise NotImplementedError(f"{module}.{name}")

    async def query(
        self, module: str, storage_function: str, params: list[Any] | None = None, block_hash: str | None = None
    ) -> Any:
        await self.node.meet(f"query {storage_function}")
        block = self._block(block_hash)
        if storage_function == "Now":
            return self._milliseconds(block)
        if storage_function == "CommitmentOf":
            return self._commitments(block).get((params or [])[1])
        neurons = self._chain.metagraph(block).neurons
        if storage_function == "Uids":
            return next((neuron.uid for neuron in neurons if neuron.hotkey == (params or [])[1]), None)
        settings = self._chain.settings
        values = {
            "ActivityCutoffFactorMilli": -(-settings.activity_cutoff * 1000 // settings.tempo),
            "BlocksSinceLastStep": block % settings.tempo,
            "CommitRevealWeightsEnabled": self.node.commit_reveal,
            "LastEpochBlock": block - block % settings.tempo,
            "LastUpdate": self._graph(block)["last_update"],
            "MaxWeightsLimit": self.node.max_weights_limit,
            "MinAllowedWeights": self.node.min_allowed_weights,
            "PendingEpochAt": 0,
            "RevealPeriodEpochs": 1,
            "SubnetEpochConsensus": "Yuma",
            "SubnetEpochIndex": block // settings.tempo,
            "Tempo": settings.tempo,
            "ValidatorTrust": [round(neuron.validator_trust * FULL) for neuron in neurons],
            "WeightsSetRateLimit": settings.weights_rate_limit,
        }
        return values[storage_function]

    async def query_map(
        self, module: str, storage_function: str, params: list[Any] | None = None, block_hash: str | None = None
    ) -> list[tuple[Any, Any]]:
        await self.node.meet(f"query_map {storage_function}")
        if storage_function == "TokenSymbol":
            return []
        assert storage_function == "CommitmentOf"
        return list(self._commitments(self._block(block_hash)).items())

    async def runtime_call(self, api: str, method: str, params: list[Any], block_hash: str | None = None) -> Any:
        await self.node.meet(f"runtime_call {method}")
        block = self._block(block_hash)
        if method == "get_next_epoch_start_block":
            return (block // self._chain.settings.tempo + 1) * self._chain.settings.tempo
        assert method == "get_metagraph"
        return self._graph(block) if params == [self.node.netuid] else None

    async def compose(self, call: Any) -> Any:
        module, function, params = call
        if function == "set_commitment":
            params = {**params, "info": encode_info(params["info"])}
        return (module, function, params)

    async def estimate_fee(self, call: Any, keypair: Any) -> bittensor.Balance:
        await self.node.meet("estimate_fee")
        return bittensor.Balance.from_rao(0)

    async def submit(
        self,
        call: Any,
        keypair: Any,
        *,
        nonce: int | None = None,
        period: int | None = None,
        wait_for_inclusion: bool = True,
        wait_for_finalization: bool = True,
    ) -> ExtrinsicResult:
        await self.node.meet("submit")
        assert wait_for_finalization
        self.node.sent.append((*call, keypair.ss58_address, period))
        refusal = self._run(call, keypair)
        block = self._chain.advance(1)
        await self.node.meet("submitted")
        found = {"block_hash": "0x" + self._chain.block_hash(block).hex(), "extrinsic_id": f"{block}-0002"}
        if refusal is not None:
            return ExtrinsicResult(success=False, message=refusal.message, error=refusal, **found)
        return ExtrinsicResult(success=True, message="Success", **found)

    def _run(self, call: Any, keypair: Any) -> bittensor.ChainError | None:
        """Run an extrinsic as part of the next block; a refusal has the name that the chain gives it."""
        if self.node.refusal is not None:
            return self.node.refusal
        _, function, params = call
        names: dict[type[Exception], str] = {CommitmentTooLarge: "TooManyFieldsInCommitmentInfo"}
        try:
            if function == "set_commitment":
                names |= {NotRegistered: "AccountNotAllowedCommit", RateLimited: "SpaceLimitExceeded"}
                ((kind, value),) = decode_registration(0, params["info"])["info"]["fields"][0].items()
                assert kind.startswith("Raw")
                self._chain.commit(keypair, bytes.fromhex(value[2:]) if value else b"")
            elif function == "set_mechanism_weights":
                names |= {NotRegistered: "HotKeyNotRegisteredInSubNet", RateLimited: "SettingWeightsTooFast"}
                names |= {ChainError: "NeuronNoValidatorPermit"}
                hotkeys = {neuron.uid: neuron.hotkey for neuron in self._chain.metagraph().neurons}
                weights = {hotkeys[uid]: float(w) for uid, w in zip(params["dests"], params["weights"], strict=True)}
                self._chain.set_weights(keypair, weights, version_key=params["version_key"])
            elif function == "commit_timelocked_mechanism_weights":
                uid = self._chain.metagraph().by_hotkey[keypair.ss58_address].uid
                self.node.updates[uid] = self._chain.block() + 1
            else:
                assert function == "burned_register"
                names |= {ChainError: "NonAssociatedColdKey"}
                self._chain.register(Key(params["hotkey"]), keypair.ss58_address)
        except ChainError as error:
            return bittensor.ChainError(str(error), names[type(error)])
        return None

    def _block(self, block_hash: str | None) -> int:
        return self._chain.block() if block_hash is None else self._blocks[block_hash]

    def _milliseconds(self, block: int) -> int:
        return round(self._chain.block_time(block) * 1000)

    def _commitments(self, block: int) -> dict[str, Any]:
        stored = {one.hotkey: stored_commitment(one) for one in self._chain.commitments(block)}
        return stored | self.node.records

    def _graph(self, block: int) -> dict[str, Any]:
        """The answer of `get_metagraph`, as far as anybody here looks at it."""
        graph, settings = self._chain.metagraph(block), self._chain.settings
        neurons = graph.neurons
        shares = {
            "consensus": [neuron.consensus for neuron in neurons],
            "dividends": [neuron.dividends for neuron in neurons],
            "incentives": [neuron.incentive for neuron in neurons],
        }
        return {
            "netuid": self.node.netuid,
            "name": "finetune",
            "symbol": "f",
            "block": block,
            "tempo": settings.tempo,
            "last_step": block - block % settings.tempo,
            "blocks_since_last_step": block % settings.tempo,
            "network_registered_at": 0,
            "owner_hotkey": graph.owner_hotkey or NOBODY,
            "owner_coldkey": NOBODY,
            "weights_rate_limit": settings.weights_rate_limit,
            "weights_version": self.node.weights_version,
            "min_allowed_weights": self.node.min_allowed_weights,
            "max_weights_limit": self.node.max_weights_limit,
            "hotkeys": [neuron.hotkey for neuron in neurons],
            "coldkeys": [neuron.coldkey for neuron in neurons],
            "active": [True] * len(neurons),
            "validator_permit": [neuron.validator_permit for neuron in neurons],
            # The chain gives a new neuron its registration as its last update.
            "last_update": [
                self.node.updates.get(neuron.uid, max(neuron.last_update, neuron.block_at_registration))
                for neuron in neurons
            ],
            "block_at_registration": [neuron.block_at_registration for neuron in neurons],
            "total_stake": [round(neuron.stake * RAO_PER_ALPHA) for neuron in neurons],
            **{name: [round(share * FULL) for share in values] for name, values in shares.items()},
        }
