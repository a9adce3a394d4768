"""Stopping: Ctrl-C once ends a session when its answers under way have come, twice ends it at once."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Stop:
    """Whether somebody wants the session to end."""

    def __init__(self) -> None:
        self._wanted = asyncio.Event()

    def is_wanted(self) -> bool:
        """Whether the session is to end."""
        return self._wanted.is_set()

    async def pause(self, seconds: float) -> bool:
        """Wait that long, or until the session is to end; returns whether it goes on."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), seconds)
        return not self.is_wanted()

    @contextmanager
    def on_signals(self, say: Callable[[str], None]) -> Iterator[None]:
        """Take SIGINT and SIGTERM for a wish to end, and a second one for a command."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def stop() -> None:
            if self._wanted.is_set() and task is not None:
                task.cancel()
            else:
                self._wanted.set()
                say("stopping when the answers under way have come; Ctrl-C again leaves them")

        signals = (signal.SIGINT, signal.SIGTERM)
        for one in signals:
            loop.add_signal_handler(one, stop)
        try:
            yield
        finally:
            for one in signals:
                loop.remove_signal_handler(one)
