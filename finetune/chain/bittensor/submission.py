"""One extrinsic from its sending to a known end. It never sends twice: where an answer is missing, it reads the chain.

An extrinsic may only land within `ERA_BLOCKS` of its signing. So whoever waits for a final block beyond that knows for
sure whether it landed, whatever became of the connection.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from finetune.chain.bittensor.errors import is_refusal
from finetune.chain.port import BLOCK_SECONDS
from finetune.errors import ChainError, ChainUnavailable

ERA_BLOCKS = 16  # blocks, a power of two as the chain wants it; 16 * 12 s = 3.2 minutes
LAG_BLOCKS = 4  # blocks that one node behind an address may know less of than another
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the sending of an extrinsic came to: all well, a refusal, or doubt about its fate with the reason.

    `refusal` is the library's `ChainError`.
    """

    refusal: Any = None
    doubt: str = ""


async def send(sending: Awaitable[Any]) -> Answer:
    """Await a sending; failures that the library raises and those that it returns come to the same."""
    import bittensor

    try:
        result = await sending
    except bittensor.ChainError as error:
        return _failed(error, included=False)
    if result.success:
        return Answer()
    return _failed(result.error or bittensor.ChainError(result.message), included=result.block_hash is not None)


def _failed(error: Any, *, included: bool) -> Answer:
    return Answer(refusal=error) if is_refusal(error, included=included) else Answer(doubt=str(error))


@dataclass(frozen=True, kw_only=True)
class Search:
    """Looks for what an extrinsic has done until it is found, or can no longer come.

    `newest` gives the newest final block; `clock` gives seconds that never go back.
    """

    newest: Callable[[], int]
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def find(self, what: str, landed: Callable[[int], T | None], *, doubt: str) -> T:
        """What `landed` gives at the first final block for which it gives something.

        Raises `ChainUnavailable` once the extrinsic cannot land any more, or where the chain has not been heard for
        longer than that takes: the text says which.
        """
        patience = self.clock() + (ERA_BLOCKS + 3 * LAG_BLOCKS) * BLOCK_SECONDS
        last = None
        while self.clock() < patience:
            try:
                newest = self.newest()
                found = landed(newest)
            except ChainError as error:
                doubt = str(error)
            else:
                if found is not None:
                    return found
                last = newest + ERA_BLOCKS + LAG_BLOCKS if last is None else last
                if newest >= last:
                    raise ChainUnavailable(f"{what} has not landed in a block and no longer can{_because(doubt)}")
            self.sleep(BLOCK_SECONDS)
        raise ChainUnavailable(f"whether {what} has landed in a block cannot be told{_because(doubt)}")


def _because(doubt: str) -> str:
    return f": {doubt}" if doubt else ""
