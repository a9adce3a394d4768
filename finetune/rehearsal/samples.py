"""The time that a rehearsal's miners may practise on: all before its first block."""

from finetune.chain.port import Chain
from finetune.streams.sources import Window


def past(chain: Chain) -> Window:
    """Of the time before the first block nothing is ever scored."""
    return Window(start=0.0, end=chain.block_time(0))
