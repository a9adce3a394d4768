"""The child process of `finetune.mirror.child`: follows the reports until its standard input ends."""

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from finetune.errors import FinetuneError
from finetune.mirror.follow import Follower
from finetune.mirror.run import Project, Run
from finetune.redact import redacted

PAUSES_AFTER_A_FAULT = 30  # a minute: neither wandb nor the log should be asked too much
_VERSIONS = ("torch", "transformers", "tokenizers", "peft", "numpy", "bittensor", "wandb")


def main() -> None:
    """Follow until told to stop. Every fault is said once and tried again."""
    options = _parse()
    stop = threading.Event()
    threading.Thread(target=_end_with_parent, args=(stop, options.grace), daemon=True).start()
    project = Project(project=options.project, entity=options.entity, folder=options.folder)
    follower = Follower(
        options.reports,
        options.folder / "last_round",
        hotkey=options.hotkey,
        config={
            "netuid": options.netuid,
            "version": version("finetune-subnet"),
            "versions": {name: version(name) for name in _VERSIONS},
        },
        make_run=partial(Run, project),
        say=_say,
    )
    keep_up(follower.catch_up, stop, options.pause, _say)


def keep_up(catch_up: Callable[[], None], stop: threading.Event, pause: float, say: Callable[[str], None]) -> None:
    """Call `catch_up` every `pause` seconds until `stop` is set; after a fault, which is said once, more rarely."""
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
                say(redacted(f"{fault}; rounds go on, and wandb is tried again", os.environ.get("WANDB_API_KEY")))
            told = fault
        stop.wait(pauses * pause)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--hotkey", required=True)
    parser.add_argument("--netuid", type=int, required=True)
    parser.add_argument("--project", required=True)
    parser.add_argument("--entity")
    parser.add_argument("--pause", type=float, required=True)
    parser.add_argument("--grace", type=float, required=True)
    return parser.parse_args()


def _end_with_parent(stop: threading.Event, grace: float) -> None:
    """Wait for the end of standard input; then the process has `grace` seconds left, stuck in the library or not."""
    os.read(sys.stdin.fileno(), 1)
    stop.set()
    time.sleep(grace)
    os._exit(1)


def _say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} wandb: {text}", flush=True)


if __name__ == "__main__":
    main()
