"""A chain that is only read: what would be sent is told instead. For `--offline`."""

from collections.abc import Callable, Mapping
from typing import Any

from finetune.chain.port import Chain, Signer
from finetune.errors import SetupError


class OfflineChain:
    """Another chain's reads, and none of its writes."""

    def __init__(self, chain: Chain, say: Callable[[str], None]) -> None:
        """`say` takes one line for everything that is not sent."""
        self._chain, self._say = chain, say

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chain, name)

    def set_weights(self, hotkey: Signer, weights: Mapping[str, float], *, version_key: int = 0) -> None:
        """Tell the weights."""
        shares = ", ".join(f"{key} {weight:.3f}" for key, weight in weights.items())
        self._say(f"offline: weights that {hotkey.ss58_address} would set, version {version_key}: {shares}")

    def commit(self, hotkey: Signer, data: bytes) -> int:
        """Refused: who commits waits for the block, which would never come."""
        raise SetupError(f"offline: {hotkey.ss58_address} commits nothing; it would be {data.decode(errors='replace')}")
