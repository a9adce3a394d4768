"""The Bittensor network as a `Chain`: one subnet, read at final blocks, and the extrinsics of one hotkey at a time.

This file holds the calls. The parts: `line` the connection and its time limit, `reading` what is read, `fields` the
bytes of a commitment, `submission` what became of an extrinsic, `errors` the library's errors as ours.

Public endpoints allow about one request a second. `block` costs 2 of them and the `metagraph` of a block 8; after it
`commitments` cost 2 for every 100, `block_time` and `block_hash` 1 each. `set_weights` costs 46 and `commit` 21: most
come from the library, which looks at the subnet and at the fee before it signs.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

from finetune.chain.bittensor import reading
from finetune.chain.bittensor.errors import explained
from finetune.chain.bittensor.fields import raw_fields
from finetune.chain.bittensor.line import Line
from finetune.chain.bittensor.submission import ERA_BLOCKS, Answer, Search, send
from finetune.chain.port import MAX_COMMITMENT_BYTES, Chain, Commitment, Metagraph, Signer
from finetune.chain.weights import check_weights
from finetune.errors import (
    BlockNotFinal,
    ChainError,
    ChainUnavailable,
    CommitmentTooLarge,
    FinetuneError,
    NotRegistered,
    RateLimited,
    SetupError,
)
from finetune.redact import redacted

T = TypeVar("T")


class BittensorChain(Chain):
    """A `Chain` on a node of the Bittensor network.

    Signers are to be the library's: a `bittensor.sp_core.Keypair`, or anything else that it calls a signer. Use one
    object in one thread. It owns a thread of its own from the first call on, which `close` ends; a call after `close`
    starts another. Every request has a time limit, and a submission ends with its extrinsic final in a block, refused,
    or known never to land; only a chain that stays silent leaves that open, and the error then says so.
    """

    def __init__(
        self,
        netuid: int,
        *,
        network: str = "finney",
        client: Any = None,
        dial: Callable[[], Any] | None = None,
        coldkeys: Mapping[str, Signer] | None = None,
        timeout: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Nothing is asked of the network yet.

        Args:
            netuid: the subnet.
            network: a name that the library knows, or the address of a node.
            client: one that is built already, a `bittensor.Subtensor` not yet connected or anything with its calls,
                awaited or blocking; instead of `network`.
            dial: gives such a client for every connection; instead of `client`.
            coldkeys: those that may pay for registrations, by address.
            timeout: seconds that one request may take. That for a submission lasts until its block is final,
                ordinarily less than a minute.
            clock: seconds that never go back.
            sleep: waits so many seconds.
        """
        self.netuid = netuid
        self._line = Line(dial or (lambda: _subtensor(network) if client is None else client), seconds=timeout)
        self._coldkeys = {} if coldkeys is None else coldkeys
        self._search = Search(newest=self.block, clock=clock, sleep=sleep)
        self._final = -1  # the newest block known to be final: it stays so, and need not be asked for again
        self._state: reading.SubnetState | None = None  # the last one read

    def close(self) -> None:
        """Hang up; closing again does nothing."""
        self._line.close()

    def __enter__(self) -> "BittensorChain":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def block(self) -> int:
        """The newest finalized block."""
        # Nodes behind one address differ by a block or two, and what was final once stays final.
        self._final = max(self._final, self._line.ask(lambda client: client.finalized_block()))
        return self._final

    def block_hash(self, block: int) -> bytes:
        """The 32-byte hash of a finalized block. Raises `BlockNotFinal`."""
        self._check_final(block)
        return self._line.ask(lambda client: reading.read_hash(client, block))

    def block_time(self, block: int) -> float:
        """When a finalized block was made, in Unix seconds, as the block itself says. Raises `BlockNotFinal`."""
        self._check_final(block)
        return self._line.ask(lambda client: reading.read_time(client, block))

    def metagraph(self, block: int | None = None) -> Metagraph:
        """The subnet at a finalized block, the newest by default. Raises `BlockNotFinal`."""
        return self._subnet(self.block() if block is None else block).metagraph

    def commitments(self, block: int) -> tuple[Commitment, ...]:
        """The standing commitment of every hotkey registered at the block, by uid. Raises `BlockNotFinal`.

        One that is not exactly one raw field of at most 128 bytes has data that says so and that no payload parses as.
        """
        neurons = self._subnet(block).metagraph.by_hotkey
        found = self._line.ask(lambda client: reading.read_commitments(client, self.netuid, block))
        standing = [
            Commitment(hotkey=hotkey, block=landed, data=data)
            for hotkey, landed, data in found
            if hotkey in neurons and landed >= neurons[hotkey].block_at_registration
        ]
        return tuple(sorted(standing, key=lambda one: neurons[one.hotkey].uid))

    def commit(self, hotkey: Signer, data: bytes) -> int:
        """Commit at most 128 bytes, replacing what stood; returns the block it landed in, which is final.

        Raises `CommitmentTooLarge`, `NotRegistered`, `RateLimited`, and `ChainUnavailable`: its text says whether the
        commitment may have landed all the same.
        """
        if len(data) > MAX_COMMITMENT_BYTES:
            raise CommitmentTooLarge(f"the commitment has {len(data)} bytes; at most {MAX_COMMITMENT_BYTES} are stored")
        address = hotkey.ss58_address

        async def sending(client: Any) -> Any:
            from bittensor import calls

            call = calls.Commitments.set_commitment(netuid=self.netuid, info={"fields": raw_fields(data)})
            return await client.submit_call(call, hotkey, signer="hotkey", period=ERA_BLOCKS)

        def landed(before: int, newest: int) -> int | None:
            found = self._line.ask(lambda client: reading.read_commitment(client, self.netuid, address, newest))
            return found[0] if found is not None and found[0] > before and found[1] == data else None

        return self._submit(f"the commitment of {address}", sending, landed)

    def set_weights(self, hotkey: Signer, weights: Mapping[str, float], *, version_key: int = 0) -> None:
        """Set this validator's weights by hotkey, hidden until their reveal where the subnet wants that.

        A version key of 0 stands for the subnet's own. What is below 1/131070 of the largest weight is dropped. Raises
        `NotRegistered` (the validator, or a target by name), `RateLimited`, `ValueError`, and `ChainError` without a
        validator permit or for a shape of weights that the subnet refuses.
        """
        check_weights(weights)
        address = hotkey.ss58_address
        state = self._subnet(self.block())
        uids = _uids(state.metagraph, [address, *weights])
        _check_turn(state, address)

        async def sending(client: Any) -> Any:
            import bittensor

            intent = bittensor.SetWeights(
                netuid=self.netuid,
                weights={uids[target]: weight for target, weight in weights.items()},
                version_key=version_key or state.weights_version,
            )
            return await client.execute(intent, hotkey, period=ERA_BLOCKS)

        def landed(before: int, newest: int) -> int | None:
            read = reading.read_last_update
            update = self._line.ask(lambda client: read(client, self.netuid, uids[address], newest))
            return update if update > before else None

        self._submit(f"the setting of weights by {address}", sending, landed)

    def register(self, hotkey: Signer, coldkey: str) -> int:
        """Register the hotkey under the coldkey's address, at today's price; returns its uid, an old one if it has it.

        Raises `SetupError` where the coldkey is not among those that may pay, and `ChainError` where another coldkey
        owns the hotkey, the coldkey cannot pay, or no uid can be had.
        """
        address = hotkey.ss58_address
        neuron = self._subnet(self.block()).metagraph.by_hotkey.get(address)
        if neuron is not None:
            if neuron.coldkey != coldkey:
                raise ChainError(f"{address} belongs to the coldkey {neuron.coldkey}; {coldkey} cannot register it")
            return neuron.uid
        try:
            payer = self._coldkeys[coldkey]
        except KeyError:
            raise SetupError(
                f"the coldkey {coldkey} must sign the registration of {address}, and its key is not here;"
                f" run: btcli subnets register --netuid {self.netuid}"
            ) from None

        async def sending(client: Any) -> Any:
            from bittensor import calls

            call = calls.SubtensorModule.burned_register(netuid=self.netuid, hotkey=address)
            return await client.submit_call(call, payer, signer="coldkey", period=ERA_BLOCKS)

        def landed(_: int, newest: int) -> int | None:
            return self._line.ask(lambda client: reading.read_uid(client, self.netuid, address, newest))

        return self._submit(f"the registration of {address}", sending, landed)

    def check_weights_shape(self, shares: Sequence[float]) -> str:
        """Why the subnet would refuse weights of such shares, or bend them, in one sentence; nothing if it takes them.

        For the start of a validator: `shares` are those that its weights may have, above 0 and 1 in all.
        """
        state = self._subnet(self.block())
        if len(shares) < state.min_allowed_weights:
            return (
                f"subnet {self.netuid} refuses weights for fewer than {state.min_allowed_weights} hotkeys, and ours"
                f" name {len(shares)}: its owner must lower min_allowed_weights"
            )
        if max(shares) > state.max_weight_share:
            return (
                f"subnet {self.netuid} cuts shares above {state.max_weight_share:.4f} off, and our largest is"
                f" {max(shares):.4f}: its owner must raise max_weights_limit"
            )
        return ""

    def _subnet(self, block: int) -> reading.SubnetState:
        """The subnet at a final block; the last one read is kept, for a round asks for one block several times."""
        self._check_final(block)
        if self._state is None or self._state.metagraph.block != block:
            self._state = self._line.ask(lambda client: reading.read_subnet(client, self.netuid, block))
        return self._state

    def _check_final(self, block: int) -> None:
        if block > self._final:
            self.block()
        if not 0 <= block <= self._final:
            raise BlockNotFinal(f"block {block} is not final; the final blocks are 0 to {self._final}")

    def _submit(self, what: str, sending: Callable[[Any], Awaitable[Any]], landed: Callable[[int, int], T | None]) -> T:
        """Send an extrinsic once, and return what `landed` finds of it between two final blocks.

        Raises what a refusal means, and `ChainUnavailable` where it has not landed or that cannot be told.
        """
        before = self.block()
        try:
            answer = self._line.ask(lambda client: send(sending(client)))
        except ChainUnavailable as error:
            answer = Answer(doubt=str(error))
        if answer.refusal is not None:
            raise self._refused(what, answer.refusal, before) from answer.refusal
        return self._search.find(what, lambda newest: landed(before, newest), doubt=answer.doubt)

    def _refused(self, what: str, refusal: Any, block: int) -> FinetuneError:
        error = explained(refusal, block=block)
        text = f"{what} was refused: {error}"
        if refusal.name == "SpaceLimitExceeded":
            epoch = self._line.ask(lambda client: reading.read_next_epoch(client, self.netuid))
            return RateLimited(text, allowed_from=block + 1 if epoch is None else epoch)
        if isinstance(error, RateLimited):
            return RateLimited(text, allowed_from=error.allowed_from)
        return type(error)(text)


def _subtensor(network: str) -> Any:
    import bittensor

    try:
        return bittensor.Subtensor(network)
    except ValueError as error:
        raise SetupError(redacted(str(error))) from error


def _uids(metagraph: Metagraph, hotkeys: Sequence[str]) -> dict[str, int]:
    """The uid of each hotkey. Raises `NotRegistered`, with the name of the first that has none."""
    for hotkey in hotkeys:
        if hotkey not in metagraph.by_hotkey:
            raise NotRegistered(f"{hotkey} has no uid on this subnet")
    return {hotkey: metagraph.by_hotkey[hotkey].uid for hotkey in hotkeys}


def _check_turn(state: reading.SubnetState, hotkey: str) -> None:
    """Whether a registered hotkey may set weights now. Raises `ChainError` without a permit, and `RateLimited`."""
    metagraph = state.metagraph
    if not metagraph.by_hotkey[hotkey].validator_permit and hotkey != metagraph.owner_hotkey:
        raise ChainError(f"{hotkey} has no validator permit at block {metagraph.block}, so it cannot set weights")
    update = state.updates[hotkey]
    if update > 0 and metagraph.block < update + metagraph.weights_rate_limit:
        raise RateLimited(
            f"{hotkey} registered or set weights in block {update}, and may again"
            f" {metagraph.weights_rate_limit} blocks later",
            allowed_from=update + metagraph.weights_rate_limit,
        )
