"""What the scripts share: how one ends as a process, and the flags that several of them have."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

GONE = 141  # as a shell counts a process that its reader has left: 128 + the number of SIGPIPE


def finish(main: Callable[[], int]) -> NoReturn:
    """Run a script's `main` and end the process with the code that it returns.

    Nothing is said where nobody reads the output any more.
    """
    try:
        try:
            code = main()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered is written when the process ends, and must not fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = GONE
    sys.exit(code)


def add_reports(parser: argparse.ArgumentParser) -> None:
    """`options.reports`: folders, at least one."""
    parser.add_argument(
        "--reports",
        type=Path,
        nargs="+",
        default=[Path("runs/models")],
        metavar="FOLDER",
        help="folders with reports: a validator's --model_dir, a rehearsal's, or published ones (runs/models)",
    )


def add_chain(parser: argparse.ArgumentParser, what: str = "") -> None:
    """`options.network`, None where no chain is asked for `what`, and `options.netuid`."""
    parser.add_argument(
        "--subtensor.network",
        dest="network",
        metavar="NETWORK",
        help=f"the chain to ask{what}: finney, test, ws://..., or local:PATH for a chain file",
    )
    parser.add_argument("--netuid", type=int, default=37, help="the subnet on it (%(default)s)")
