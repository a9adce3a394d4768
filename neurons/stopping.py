"""Stops a process that is told to, by Ctrl-C or SIGTERM, wherever it is. It knows nothing of what the process does."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_KINDS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """A block of the main thread that ends at the first signal; the event then says so.

    The signal raises `KeyboardInterrupt` in whatever the block is doing, which cleans up on its way out: a round may
    take hours, and a service manager waits a minute before it kills. Later signals do nothing, for they would
    interrupt the cleaning. The event is for a block that does not end, because a destructor swallowed the exception.
    """
    stop = threading.Event()

    def told(*_: object) -> None:
        for kind in _KINDS:
            signal.signal(kind, signal.SIG_IGN)
        stop.set()
        raise KeyboardInterrupt

    before = {kind: signal.signal(kind, told) for kind in _KINDS}
    try:
        yield stop
    except KeyboardInterrupt:
        pass
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
