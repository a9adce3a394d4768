"""The life of a child process that brings reports to a place: again and again, until its parent ends."""

import os
import sys
import threading
import time
from collections.abc import Callable

from finetune.errors import FinetuneError
from finetune.redact import redacted

PAUSES_AFTER_A_FAULT = 30  # a minute: neither the place nor the log should be asked too much


def keep_up(
    catch_up: Callable[[], None],
    stop: threading.Event,
    pause: float,
    say: Callable[[str], None],
    *,
    place: str = "wandb",
    secret: str | None = None,
) -> None:
    """Call `catch_up` every `pause` seconds until `stop` is set; after a fault, which is said once, more rarely.

    `secret` is never said, whoever sends it back to us.
    """
    told = ""
    while not stop.is_set():
        pauses = 1
        try:
            catch_up()
        # This process exists so that any fault of its work can be borne, and nobody starts it again.
        except Exception as error:  # noqa: BLE001
            pauses = PAUSES_AFTER_A_FAULT
            fault = str(error) if isinstance(error, FinetuneError | OSError) else f"{type(error).__name__}: {error}"
            if fault != told:
                say(redacted(f"{fault}; rounds go on, and {place} is tried again", secret))
            told = fault
        stop.wait(pauses * pause)


def until_the_parent_ends(grace: float) -> threading.Event:
    """An event that is set when standard input ends; the process then has `grace` seconds left, stuck or not."""
    stop = threading.Event()
    threading.Thread(target=_end_with_parent, args=(stop, grace), daemon=True).start()
    return stop


def _end_with_parent(stop: threading.Event, grace: float) -> None:
    os.read(sys.stdin.fileno(), 1)
    stop.set()
    time.sleep(grace)
    os._exit(1)


def speaker(place: str) -> Callable[[str], None]:
    """Says one line with the time and the place that it is about."""

    def say(text: str) -> None:
        print(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} {place}: {text}", flush=True)

    return say
