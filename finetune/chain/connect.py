"""Opens the chain that a network's name stands for, and other subnets of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from finetune.chain.port import Chain
from finetune.errors import SetupError

LOCAL = "local:"


@contextmanager
def connect(network: str, netuid: int) -> Iterator[Chain]:
    """The subnet `netuid` of a network: "finney", "test", "ws://..." through bittensor, or "local:PATH", a chain file.

    Raises `SetupError` for a file that is no chain, and `ChainUnavailable`.
    """
    if network.startswith(LOCAL):
        from finetune.chain.local import LocalChain

        path = Path(network.removeprefix(LOCAL))
        if not path.is_file():
            raise SetupError(f"there is no chain at {path}; --subtensor.network local:PATH names its file")
        with LocalChain(path) as local:
            yield local
        return
    from finetune.chain.bittensor import BittensorChain

    with closing(BittensorChain(netuid, network=network)) as chain:
        yield chain


def stakes_on(network: str) -> Callable[[int, int], Mapping[str, float]]:
    """Looks up any subnet of the network: (netuid, block) -> stake by hotkey, in alpha, as it stood at the block.

    A chain file is one subnet, whatever its number. What it gives raises what `connect` and `Chain.metagraph` raise.
    """

    def stakes(netuid: int, block: int) -> Mapping[str, float]:
        with connect(network, netuid) as chain:
            return {neuron.hotkey: neuron.stake for neuron in chain.metagraph(block).neurons}

    return stakes
