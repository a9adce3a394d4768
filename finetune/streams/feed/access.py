"""What reading other subnets' feeds needs from whoever wires the program. It reads nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

WANDB = "https://api.wandb.ai"


@dataclass(frozen=True, kw_only=True)
class FeedAccess:
    """The means to read feeds.

    `stakes` gives, for a netuid and a block, the stake by hotkey on that subnet as it stood at that block, in alpha.
    `folder` keeps what was read. `endpoint` is where wandb's public API answers, and `key` as whom it is asked: without
    one, as a stranger, whom wandb shows public projects.
    """

    stakes: Callable[[int, int], Mapping[str, float]]
    folder: Path
    endpoint: str = WANDB
    key: str | None = field(default=None, repr=False)
