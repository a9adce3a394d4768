"""Rehearses a whole subnet on this machine: chain, hub, miners, validators and a delegator, from training to incentive.

Needs no wallet, no account and no network. Everything goes to one folder: `result.json` with the figures, `board.html`
to look at, the chain, the hub, every validator's state and reports.
"""

import argparse
import logging
import os
import signal
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from finetune.evals.port import Scorer


def main(arguments: list[str] | None = None) -> int:
    """Run one rehearsal; returns 0, 1 when it did not come out as it must, 2 when it could not run, 130 on Ctrl-C."""
    options = _parse(arguments)
    # The libraries read these when they are imported.
    if options.base == "tiny":
        # Matrices this small gain nothing from a second thread, and one gives the same figures on any number of cores.
        os.environ["OMP_NUM_THREADS"] = "1"
    os.environ.update(HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1")
    os.environ["HF_HUB_OFFLINE"] = "0"  # the hub is this process's own
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["OMP_WAIT_POLICY"] = "passive"  # threads that wait by spinning starve whatever else is running
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    from finetune.errors import FinetuneError

    try:
        return _rehearse(options)
    except KeyboardInterrupt:
        print("\nstopped; nothing is left running, and the next rehearsal starts afresh", file=sys.stderr)
        return 130
    except FinetuneError as error:
        print(f"rehearse: {error}", file=sys.stderr)
        return 2


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/rehearsal"), help="folder for everything (%(default)s)")
    parser.add_argument("--base", choices=["tiny", "smollm2"], default="tiny", help="the model that is fine-tuned")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same figures (%(default)s)")
    parser.add_argument(
        "--isolated", action="store_true", help="score in walled workers, as against strangers; takes 4 times as long"
    )
    parser.add_argument("--hub_port", type=int, default=0, help="port of the local hub; 0 takes any free one")
    return parser.parse_args(arguments)


def _scorer(*, isolated: bool) -> "AbstractContextManager[Scorer]":
    """What scores. The models are the rehearsal's own, so no wall is needed and one process serves all."""
    if isolated:
        from finetune.evals.isolated import IsolatedScorer
        from finetune.isolation.trial import find_level

        return IsolatedScorer(level=find_level())
    from finetune.evals.scorer import LocalScorer

    return nullcontext(LocalScorer())


def _rehearse(options: argparse.Namespace) -> int:
    """Play, write, show."""
    from rich.console import Console

    from finetune.rehearsal.cast import CASTS
    from finetune.rehearsal.leave import leave
    from finetune.rehearsal.play import Rehearsal
    from finetune.rehearsal.result import result_of
    from finetune.rehearsal.show import Show
    from finetune.rehearsal.tables import print_tables
    from finetune.rehearsal.world import open_world

    logging.getLogger("transformers").setLevel(logging.ERROR)
    began, console, cast = time.monotonic(), Console(), CASTS[options.base](options.seed)
    with (
        open_world(options.out, options.seed, cast, port=options.hub_port) as world,
        Show(console) as show,
        _scorer(isolated=options.isolated) as scorer,
    ):
        rehearsal = Rehearsal(world, cast, show, scorer)
        try:
            rehearsal.play()
            result = result_of(rehearsal, time.monotonic() - began)
            board = leave(rehearsal, result)
        finally:
            rehearsal.close()
    print_tables(console, result)
    failures = result.failures()
    for failure in failures:
        console.print(f"FAILED: {failure}", style="bold red", highlight=False)
    console.print(f"{result.seconds:.0f} s; look at {board}", highlight=False)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
