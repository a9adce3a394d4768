"""Opens the chain that a network's name stands for. It knows no call of any chain."""

from collections.abc import Iterator
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
