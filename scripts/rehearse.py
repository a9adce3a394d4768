"""Rehearses a whole subnet on this machine: chain, hub, miners, validators and a delegator, from training to incentive.

Needs no wallet, no account and no network. Everything goes to one folder: `result.json` with the figures, `site`
with the board to look at, the chain, the hub, every validator's state and reports.
"""

import argparse
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.command import finish

if TYPE_CHECKING:
    from finetune.evals.port import Scorer

# For one answer of an attacker's model: ten times what the slowest honest one takes, so that what hangs costs little.
_ANSWER_SECONDS = 30.0


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
    parser.add_argument(
        "--scenario",
        choices=["skill", "arena"],
        default="skill",
        help="miners of unequal skill, or an arena: a task creator, training nodes, a delegator (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="same seed, same figures (%(default)s)")
    parser.add_argument(
        "--isolated", action="store_true", help="score in walled workers, as against strangers; takes 4 times as long"
    )
    parser.add_argument(
        "--attacks",
        nargs="+",
        default=[],
        metavar="NAME",
        help="play against scripted attackers, each by name, or against all of them: --attacks all",
    )
    parser.add_argument("--hub_port", type=int, default=0, help="port of the local hub; 0 takes any free one")
    options = parser.parse_args(arguments)
    if options.attacks and (options.base != "tiny" or options.scenario != "skill"):
        parser.error("--attacks are made for --base tiny and --scenario skill")
    if options.scenario == "arena" and options.base != "tiny":
        parser.error("--scenario arena is made for --base tiny")
    return options


@contextmanager
def _scorer(options: argparse.Namespace) -> "Iterator[Scorer]":
    """What scores: models of the rehearsal's own need no wall, and one process serves all. An attacker's need one."""
    if not options.attacks and not options.isolated:
        from finetune.evals.scorer import LocalScorer

        yield LocalScorer()
        return
    from finetune.evals.isolated import IsolatedScorer, default_limits
    from finetune.isolation.trial import find_level

    if not options.attacks:
        with IsolatedScorer(level=find_level()) as isolated:
            yield isolated
        return
    from finetune.rehearsal.remembering import RememberingScorer
    from finetune.rehearsal.shared_worker import SharedWorker

    limits = replace(default_limits(), answer_seconds=_ANSWER_SECONDS)
    with (
        tempfile.TemporaryDirectory(prefix="finetune-rehearsal-") as shelf,
        SharedWorker(Path(shelf), level=find_level(), limits=limits) as shared,
    ):
        yield RememberingScorer(shared)


def _rehearse(options: argparse.Namespace) -> int:
    """Play, write, show."""
    from rich.console import Console

    from finetune.rehearsal.attacks.registry import choose
    from finetune.rehearsal.cast import CASTS, attacked_cast
    from finetune.rehearsal.leave import leave
    from finetune.rehearsal.play import Rehearsal
    from finetune.rehearsal.result import result_of
    from finetune.rehearsal.show import Show
    from finetune.rehearsal.tables import print_tables
    from finetune.rehearsal.world import open_world

    logging.getLogger("transformers").setLevel(logging.ERROR)
    began, console, chosen = time.monotonic(), Console(), choose(options.attacks)
    name = "arena" if options.scenario == "arena" else options.base
    cast = attacked_cast(options.seed, chosen) if chosen else CASTS[name](options.seed)
    with (
        open_world(options.out, options.seed, cast, port=options.hub_port) as world,
        Show(console) as show,
        _scorer(options) as scorer,
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
    finish(main)
