"""What a validator does at the moment, for whoever watches. It draws nothing and decides nothing."""

from collections.abc import Callable
from dataclasses import dataclass

STAGES = ("discover", "admit", "download", "sample", "score", "judge", "weigh", "report", "publish")


@dataclass(frozen=True, kw_only=True)
class Doing:
    """One moment of a round.

    `stage` is one of STAGES. While models are scored, `key` is the entrant whose turn it is, `done` of its `total`
    samples are scored, and `waiting` are the entrants after it.
    """

    sync: int
    title: str
    stage: str
    key: str = ""
    done: int = 0
    total: int = 0
    waiting: tuple[str, ...] = ()


Watch = Callable[[Doing], None]


def unwatched(_: Doing) -> None:
    """Nobody watches."""
