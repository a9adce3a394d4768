"""A subnet behind bad lines: the real adapter over a node that fails, the real client over a hub that fails."""

from collections.abc import Callable
from typing import Any

from finetune.chain.bittensor import BittensorChain
from finetune.hub.client import HubClient
from finetune.validating.loop import Step
from tests.finetune.chain.bittensor.fake_substrate import Node as ChainNode
from tests.finetune.hub.flaky import FlakyHub
from tests.finetune.validating.subnet import SYNC_BLOCKS, Node, Subnet, address

Fault = Callable[[str], BaseException | None]


class Outages:
    """One subnet, and its validator `north`, whose chain and hub fail when a test says so."""

    def __init__(self, subnet: Subnet, flaky: FlakyHub) -> None:
        self.subnet, self.flaky = subnet, flaky
        self.chain_node = ChainNode(path=subnet.root / "chain.sqlite")
        self.seconds = 0.0
        self.chain = BittensorChain(1, dial=self.chain_node.dial, timeout=20.0, clock=self._clock, sleep=self._sleep)
        self.node = self.start()

    def start(self, **ports: Any) -> Node:
        """The validator, on whatever files it has."""
        hub = HubClient(self.flaky.endpoint, self.subnet.warehouse.token("owner"))
        return self.subnet.node(**{"chain": self.chain, "hub": hub, **ports})

    def chain_fails(self, fault: Fault) -> None:
        """The node raises what `fault` gives for a request, from now on."""

        async def meet(what: str) -> None:
            if (error := fault(what)) is not None:
                raise error

        self.chain_node.fault = meet

    def chain_is_well(self) -> None:
        self.chain_fails(lambda what: None)

    def wait(self, blocks: int) -> list[Step]:
        """Let blocks pass while the validator steps on, four times in each round's time."""
        steps = []
        for _ in range(blocks // (SYNC_BLOCKS // 4)):
            self.subnet.chain.advance(SYNC_BLOCKS // 4)
            steps.append(self.node.step())
        return steps

    def weights(self) -> dict[str, float]:
        """What stands on chain once it is revealed, by name of the hotkey."""
        self.subnet.chain.advance(2 * SYNC_BLOCKS)
        return self.subnet.chain.weights().get(address("north"), {})

    def last_update(self) -> int:
        """The block in which the validator last set weights."""
        newest = self.subnet.chain.metagraph(self.subnet.chain.block())
        return newest.by_hotkey[address("north")].last_update

    def rejections(self, sync: int) -> dict[str, tuple[str, str, bool]]:
        """Reason, fault and whether a retry may help, by key, as the round's report tells them."""
        told = self.node.record(sync)["rejections"]
        return {key: (one["reason"], one["fault"], one["retry"]) for key, one in told.items()}

    def half_done(self) -> list[str]:
        """What lies about in the cache that is no complete model."""
        return [path.name for path in (self.node.root / "cache" / "staging").iterdir()]

    def memory(self) -> list[object]:
        """All that the validator remembers, but for the rounds themselves and what is known of models."""
        tables = ("seats", "losses", "stops", "stages", "rejections")
        return [self.node.state._run(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]

    def close(self) -> None:
        self.chain.close()

    def _clock(self) -> float:
        return self.seconds

    def _sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.subnet.chain.advance(round(seconds / 12))
