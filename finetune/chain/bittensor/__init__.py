"""The Bittensor network as a `Chain`, on the public parts of the `bittensor` library, which is imported when asked."""

from finetune.chain.bittensor.chain import BittensorChain

__all__ = ["BittensorChain"]
