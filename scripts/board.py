"""The board: makes a static site from validators' signed reports, or serves one that follows them as they come.

`build` writes a folder that opens from disk and goes as it is to any host of static pages. `serve` shows the same on
this machine and makes it anew when reports land. Without --subtensor.network no chain is asked: stake and vtrust stay
open.
"""

import argparse
import signal
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.command import add_chain, add_reports, finish

if TYPE_CHECKING:
    from finetune.chain.port import Chain

_EVERY_SECONDS = 5.0  # how often `serve` looks for new reports


def main(arguments: list[str] | None = None, stop: threading.Event | None = None) -> int:
    """Build or serve; returns 0, or 2 with what is wrong on standard error. `stop` ends serving, as Ctrl-C does."""
    options = _parse(arguments)
    from finetune.errors import FinetuneError

    try:
        if options.command == "build":
            return _build(options)
        return _serve(options, stop or _told_to_stop())
    except FinetuneError as error:
        print(f"board: {error}", file=sys.stderr)
        return 2


def _build(options: argparse.Namespace) -> int:
    from finetune.board.build import build
    from finetune.board.folders import ReportFolders

    with ExitStack() as held:
        chain = _chain(options, held)
        folders = ReportFolders(options.reports)
        folders.read()
        first, view = build(folders, chain, options.out, space=options.space)
    print(f"{view.headline} {len(view.left_out)} of {len(folders.readings)} reports left out. Look at {first}")
    return 0


def _serve(options: argparse.Namespace, stop: threading.Event) -> int:
    """Serve until told to stop; a chain that does not answer costs one turn, not the server."""
    from finetune.board.build import build
    from finetune.board.folders import ReportFolders
    from finetune.board.serve import served
    from finetune.errors import ChainUnavailable

    with ExitStack() as held:
        out = options.out or Path(held.enter_context(tempfile.TemporaryDirectory(prefix="board-")))
        chain = _chain(options, held)
        folders = ReportFolders(options.reports)
        folders.read()
        build(folders, chain, out, live=True)
        address = held.enter_context(served(out, options.port))
        print(f"the board is at {address}; Ctrl-C ends it", flush=True)
        due = False
        while not stop.wait(_EVERY_SECONDS):
            due = folders.read() or due
            if due:
                try:
                    build(folders, chain, out, live=True)
                    due = False
                except ChainUnavailable as error:
                    print(f"the chain does not answer, trying again: {error}", file=sys.stderr)
    return 0


def _chain(options: argparse.Namespace, held: ExitStack) -> "Chain | None":
    """The chain to ask, or None."""
    if options.network is None:
        return None
    from finetune.chain.connect import connect

    return held.enter_context(connect(options.network, options.netuid))


def _told_to_stop() -> threading.Event:
    """Set by Ctrl-C and SIGTERM."""
    stop = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stop.set())
    return stop


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="write the site into a folder")
    serve = commands.add_parser("serve", help="show the site on this machine, and keep it up to date")
    for one in (build, serve):
        add_reports(one)
        add_chain(one, " for stake and vtrust")
    build.add_argument("--out", type=Path, default=Path("site"), help="folder of the site (%(default)s)")
    build.add_argument("--space", action="store_true", help="add the README.md of a static Hugging Face Space")
    serve.add_argument("--out", type=Path, help="folder of the site; a temporary one by default")
    serve.add_argument("--port", type=int, default=8600, help="port on 127.0.0.1; 0 takes any free one (%(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    finish(main)
