"""A development network for the end-to-end suite itself: subnets that //Alice makes, each on a local chain of its own.

The endpoint is a folder. A client reaches the newest subnet alone; its chain goes on at the block of the one before it.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

import bittensor
from bittensor.sp_core import Keypair
from bittensor.sync import SyncClient

from finetune.chain.local import LocalChain, LocalSettings
from finetune.chain.local.settings import RAO_PER_ALPHA
from tests.finetune.chain.bittensor.fake_substrate import FakeSubstrate, Key, Node

ALICE = Keypair.create_from_uri("//Alice").ss58_address
WAIT = 3  # blocks from a subnet's registration until it may be started
SETTINGS = {"sudo_set_tempo": "tempo", "sudo_set_weights_set_rate_limit": "weights_rate_limit"}


class Network(Node):
    """A node and its subnets. `rules` are those of the newest, `born` the block after which it was registered."""

    def __init__(self, folder: Path) -> None:
        super().__init__(path=folder / "chain-0.db", netuid=0)
        self.rules: dict[str, int] = {}
        self.born = self.files = 0
        self.found(1)

    def found(self, block: int) -> None:
        """Put a chain that stands at a block, with its owner alone, in place of the newest."""
        self.path = self.path.with_name(f"chain-{self.files}.db")
        self.files += 1
        settings = LocalSettings(**self.rules)
        with LocalChain.create(self.path, seed="seed", settings=settings, owner_hotkey=ALICE, now=lambda: 0.0) as chain:
            chain.register(Key(ALICE), ALICE)
            chain.advance(block)


class Substrate(FakeSubstrate):
    """One connection, which follows the network to its newest subnet, and knows what Alice does besides the port."""

    node: Network

    @property
    def _chain(self) -> LocalChain:
        if self._opened != self.node.path:
            assert self._open is not None, "not connected"
            self._open.close()
            self._open, self._opened = LocalChain(self.node.path), self.node.path
        return super()._chain

    async def connect(self) -> None:
        self._opened = self.node.path
        await super().connect()

    async def query_map(self, module, storage_function, params=None, block_hash=None) -> list[tuple[Any, Any]]:
        if storage_function == "NetworksAdded":
            return [(netuid, True) for netuid in range(self.node.netuid + 1)]
        return await super().query_map(module, storage_function, params, block_hash)

    def _run(self, call: Any, keypair: Any) -> bittensor.ChainError | None:
        node, block = self.node, self._chain.block()
        _, function, params = call
        if function == "register_network":
            node.netuid, node.born, node.rules = node.netuid + 1, block, {"reveal_period": 0}
            node.found(block)
        elif function == "start_call":
            if block < node.born + WAIT:
                return bittensor.ChainError("too early", "NeedWaitingMoreBlocksToStarCall")
        elif function == "add_stake":
            self._chain.add_stake(keypair.ss58_address, params["hotkey"], params["amount_staked"] / RAO_PER_ALPHA)
        elif function == "sudo":
            assert keypair.ss58_address == ALICE
            for _, name, values in params["call"][2]["calls"]:
                if name in SETTINGS:
                    node.rules[SETTINGS[name]] = values[name.removeprefix("sudo_set_")]
            node.found(block)
        else:
            return super()._run(call, keypair)
        return None


@cache
def network(folder: str) -> Network:
    """The one network of this process in a folder."""
    return Network(Path(folder))


def connect(endpoint: str) -> bittensor.Subtensor:
    """A client whose calls are awaited."""
    return bittensor.Subtensor("local", substrate=Substrate(network(endpoint)))


def connect_blocking(endpoint: str) -> SyncClient:
    """A client whose calls block."""
    return SyncClient("local", substrate=Substrate(network(endpoint)))


def advance(blocks: int) -> None:
    """Make blocks on the network that the endpoint names."""
    with LocalChain(network(os.environ["E2E_ENDPOINT"]).path) as chain:
        chain.advance(blocks)
