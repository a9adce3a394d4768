"""A development node where `//Alice` has sudo, reached through the adapter: it makes a fresh subnet for each test.

`E2E_ENDPOINT` names it, such as `ghcr.io/opentensor/subtensor-localnet:devnet` at ws://127.0.0.1:9944. `E2E_SUBTENSOR`
is `module:callable` that makes a client for the endpoint, `bittensor:Subtensor` by default; its calls may be awaited or
block. `E2E_ADVANCE` is `module:callable` that makes so many blocks, where they do not come by themselves.
"""

import importlib
import os
import time

from bittensor import calls, storage
from bittensor.sp_core import Keypair

from finetune.chain.bittensor import BittensorChain
from finetune.chain.bittensor.line import Line
from tests.finetune.chain.contract import Subnet

TEMPO = 20  # blocks
RATE_LIMIT = 40  # blocks; half of it is more than comes by itself while weights wait for their block to be final
STAKE = 100 * 10**9  # rao
DRIFT = 100  # blocks that may come while one call waits
PATIENCE = 600.0  # seconds without a new block, after which the node counts as dead
CLIENTS = []  # one from outside may leave its sockets to the collector, as the library's blocking one does


class DevelopmentNode:
    """The node as Alice uses it: with a line of her own beside the adapter's."""

    def __init__(self, endpoint: str) -> None:
        """Nothing is asked yet."""
        self.endpoint = endpoint
        self.line = Line(self.dial, seconds=300.0)
        self.alice = Keypair.create_from_uri("//Alice")

    def dial(self):
        """A client of the kind that is asked for, kept until the process ends."""
        CLIENTS.append(named("E2E_SUBTENSOR", "bittensor:Subtensor")(self.endpoint))
        return CLIENTS[-1]

    def prepare(self) -> None:
        """Let subnets be made at once and cheaply, one after the other."""
        admin = calls.AdminUtils
        self.sudo(
            admin.sudo_set_admin_freeze_window(window=0),
            admin.sudo_set_network_rate_limit(rate_limit=0),
            admin.sudo_set_lock_reduction_interval(interval=1),
            admin.sudo_set_start_call_delay(delay=0),
            admin.sudo_set_stake_threshold(min_stake=0),
        )

    def subnet(self) -> Subnet:
        """Register a subnet of Alice's, with short epochs and weights in the open, and open the adapter to it."""
        before = self.netuids()
        self.submit(calls.SubtensorModule.register_network(hotkey=self.alice.ss58_address)).raise_for_failure()
        (netuid,) = self.netuids() - before
        admin = calls.AdminUtils
        self.sudo(
            admin.sudo_set_tempo(netuid=netuid, tempo=TEMPO),
            admin.sudo_set_weights_set_rate_limit(netuid=netuid, weights_set_rate_limit=RATE_LIMIT),
            admin.sudo_set_commit_reveal_weights_enabled(netuid=netuid, enabled=False),
            admin.sudo_set_network_registration_allowed(netuid=netuid, registration_allowed=True),
            admin.sudo_set_max_registrations_per_block(netuid=netuid, max_registrations_per_block=8),
            admin.sudo_set_target_registrations_per_interval(netuid=netuid, target_registrations_per_interval=8),
        )
        start = calls.SubtensorModule.start_call(netuid=netuid)  # allowed only some time after the registration
        self.until(lambda: self.submit(start).success, blocks=300)
        chain = BittensorChain(netuid, dial=self.dial, coldkeys={self.alice.ss58_address: self.alice}, timeout=300.0)
        graph = chain.metagraph()
        assert (graph.tempo, graph.weights_rate_limit) == (TEMPO, RATE_LIMIT), "what //Alice does by sudo has no effect"
        return Subnet(
            chain=chain,
            advance=self.advance,
            key=lambda name: Keypair.create_from_uri(f"//finetune/{netuid}/{graph.block}/{name}"),
            permit=lambda key: self.permit(chain, key.ss58_address),
            coldkey=lambda name: self.alice.ss58_address,
            drift=DRIFT,
        )

    def permit(self, chain: BittensorChain, hotkey: str) -> None:
        """Stake on a hotkey, and wait for its permit and for the time when it may set weights."""
        stake = calls.SubtensorModule.add_stake(hotkey=hotkey, netuid=chain.netuid, amount_staked=STAKE)
        self.submit(stake).raise_for_failure()
        self.until(lambda: chain.metagraph().by_hotkey[hotkey].validator_permit, blocks=10 * TEMPO)
        registered = chain.metagraph().by_hotkey[hotkey].block_at_registration
        self.until(lambda: self.newest() >= registered + RATE_LIMIT, blocks=RATE_LIMIT)

    def submit(self, call):
        """Send an extrinsic of Alice's, and return what became of it."""
        return self.line.ask(lambda client: client.submit_call(call, self.alice))

    def sudo(self, *several) -> None:
        """Do things as root, all in one extrinsic; one that fails or is unknown to the node stops no other."""

        async def batched(client):
            composed = [await client.compose(call) for call in several]
            batch = await client.compose(calls.Utility.force_batch(calls=composed))
            return await client.submit_call(calls.Sudo.sudo(call=batch), self.alice)

        self.line.ask(batched).raise_for_failure()

    def netuids(self) -> set[int]:
        """The subnets that there are."""
        rows = self.line.ask(lambda client: client.query_map(storage.SubtensorModule.NetworksAdded))
        return {int(netuid) for netuid, there in rows if there}

    def newest(self) -> int:
        """The newest final block."""
        return self.line.ask(lambda client: client.finalized_block())

    def advance(self, blocks: int) -> None:
        """Make blocks, or wait for them."""
        if "E2E_ADVANCE" in os.environ:
            named("E2E_ADVANCE", "")(blocks)
            return
        goal = self.newest() + blocks
        patience = time.monotonic() + PATIENCE * blocks
        while self.newest() < goal:
            assert time.monotonic() < patience, "the node makes no blocks"
            time.sleep(0.5)

    def until(self, holds, *, blocks: int) -> None:
        """Advance until something holds, at most so many blocks."""
        for _ in range(blocks):
            if holds():
                return
            self.advance(1)
        raise AssertionError(f"it does not hold after {blocks} blocks")


def named(variable, default):
    """What a variable names as `module:callable`."""
    module, _, name = os.environ.get(variable, default).partition(":")
    return getattr(importlib.import_module(module), name)
