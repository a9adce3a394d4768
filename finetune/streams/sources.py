"""What remote streams are given: the time that a round may draw from, and the means to fetch. It knows no stream."""

from dataclasses import dataclass
from pathlib import Path

from finetune.hub.port import Hub


@dataclass(frozen=True, kw_only=True)
class Window:
    """The time that a round may draw from, in Unix seconds.

    A source counts as it stood just before `end`, the sync block's time; where a stream asks for fresh data, only what
    was published after `start` does, a time at which every submission of the round was committed already.
    """

    start: float
    end: float


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The means to fetch: a hub, and the folder in which what was fetched is kept."""

    hub: Hub
    folder: Path
