"""The line to a node: the library's client, the thread and event loop it lives in, and a limit on every request.

The library's blocking calls have no overall limit, and nothing can end one that hangs. Its asynchronous client can be
cancelled, so it is that one which is used, in a loop of our own. A request that takes too long is cancelled, the client
is thrown away with its thread, and the next request dials anew: a connection that failed once is not trusted again.
"""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from finetune.chain.bittensor.awaited import Awaited
from finetune.chain.bittensor.errors import explained, library_errors
from finetune.errors import ChainUnavailable

HANG_UP_SECONDS = 5.0  # what closing a client may take
T = TypeVar("T")
Work = Callable[[Any], Awaitable[T]]  # what to do with a connected client, whose calls are awaited


class Line:
    """Asks one client at a time, for one thread. The thread behind it lives from a request to `close` or a failure."""

    def __init__(self, dial: Callable[[], Any], *, seconds: float) -> None:
        """Nothing is dialled yet; `seconds` bound a request.

        `dial` gives a client: one that `async with` connects and hangs up, as that of the library, or else one that is
        ready, whose calls may block. It may give the same one again.
        """
        self._dial = dial
        self._dialled: Any = None
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: Any = None

    def ask(self, work: Work[T]) -> T:
        """Do some work with a connected client, and return what it gives.

        Raises `ChainUnavailable` where that takes longer than the limit or the connection fails, and `ChainError` or
        `SetupError` for whatever else the library raises.
        """
        future = asyncio.run_coroutine_threadsafe(self._work(work), self._opened())
        try:
            return future.result(self._seconds)
        except library_errors() as error:
            if not future.done():
                future.cancel()
                self.close()
                raise ChainUnavailable(f"the chain has not answered within {self._seconds:g} seconds") from error
            mapped = explained(error)
            if isinstance(mapped, ChainUnavailable):
                self.close()
            raise mapped from error
        finally:
            future.cancel()

    def close(self) -> None:
        """Hang up and end the thread; the next request dials again, and closing again does nothing.

        A thread that the library blocks for longer than a few seconds is left behind and ends with the process.
        """
        loop, thread, dialled = self._loop, self._thread, self._dialled
        self._loop = self._thread = self._client = self._dialled = None
        if loop is None or thread is None:
            return
        if hasattr(dialled, "__aexit__"):
            closing = asyncio.run_coroutine_threadsafe(dialled.__aexit__(None, None, None), loop)
            with contextlib.suppress(*library_errors()):
                closing.result(HANG_UP_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(HANG_UP_SECONDS)

    async def _work(self, work: Work[T]) -> T:
        if self._client is None:
            self._dialled = self._dial()
            connecting = hasattr(self._dialled, "__aenter__")
            self._client = Awaited(await self._dialled.__aenter__() if connecting else self._dialled)
        return await work(self._client)

    def _opened(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            opened: Future[asyncio.AbstractEventLoop] = Future()
            # A daemon, for a library that blocks its loop must not keep the process from ending.
            self._thread = threading.Thread(target=_live, args=(opened,), name="chain", daemon=True)
            self._thread.start()
            self._loop = opened.result()
        return self._loop


def _live(opened: "Future[asyncio.AbstractEventLoop]") -> None:
    """Run a loop until it is stopped; the runner then cancels what is left in it."""
    with asyncio.Runner() as runner:
        opened.set_result(runner.get_loop())
        runner.get_loop().run_forever()
