"""Any client as one whose calls are awaited, whether its own are or block. It knows no call by name."""

import inspect
from typing import Any


class Awaited:
    """A client, or a part or a call of one: `await Awaited(client).subnets.metagraph(7)` works with either kind.

    A call that blocks does so in the thread that awaits it. What the client gives as a plain value, as the library's
    blocking one does with `finalized_block`, is called like all the rest.
    """

    def __init__(self, inner: Any) -> None:
        """Nothing is asked of it yet."""
        self._inner = inner

    def __getattr__(self, name: str) -> "Awaited":
        return Awaited(getattr(self._inner, name))

    async def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it, wait for the answer where it is still to come, and return that."""
        found = self._inner(*arguments, **named) if callable(self._inner) else self._inner
        return await found if inspect.isawaitable(found) else found
