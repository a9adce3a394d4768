"""The local chain: one subnet in one SQLite file, for rehearsals and tests."""

from finetune.chain.local.chain import LocalChain
from finetune.chain.local.settings import LocalSettings

__all__ = ["LocalChain", "LocalSettings"]
