"""Pins a competition file before it opens: downloads its reference and bases, and plays a whole round of the reference.

Writes revision, digest and the reference's control losses into the file; comments and order stay. Run it on the class
of hardware that validators have, since the control losses are what their machines must find again. Streams that read
datasets read them as they are now.
"""

import argparse
import os
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from neurons.sources import open_sources
from scripts.command import finish

if TYPE_CHECKING:
    from competitions.competition import Competition
    from finetune.streams.sources import Window


def main(arguments: list[str] | None = None) -> int:
    """Pin one file; returns 0, or 1 with the error on standard error."""
    options = _parse(arguments)
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false", OMP_WAIT_POLICY="passive")
    from competitions.files import CatalogError
    from finetune.errors import FinetuneError

    try:
        with ExitStack() as held:
            pinned = _pin(options, held)
    except (CatalogError, FinetuneError) as error:
        print(error, file=sys.stderr)
        return 1
    losses = ", ".join(f"{loss:.3f}" for loss in pinned.reference.control_losses)
    print(f"{options.file}: {pinned.reference.repository} at {pinned.reference.revision}, control losses {losses}")
    return 0


def _pin(options: argparse.Namespace, held: ExitStack) -> "Competition":
    """Wire what a validator scores with, and pin. Raises `CatalogError`, `FinetuneError`."""
    from competitions.files import read_competition
    from finetune.evals.isolated import IsolatedScorer
    from finetune.hub.cache import ModelCache
    from finetune.hub.client import HubClient
    from finetune.isolation.trial import find_level
    from finetune.streams.registry import open_stream
    from finetune.validating.pin import pin_file

    level = find_level(unsafe=options.unsafe_no_isolation)
    return pin_file(
        options.file,
        HubClient(options.hf_endpoint, options.hf_token),
        held.enter_context(ModelCache(options.model_dir / "cache", options.quota_gb * 10**9 * 9 // 10)),
        held.enter_context(IsolatedScorer(level=level, device=options.device)),
        partial(open_stream, sources=open_sources(options, level, held, print)),
        window=_window(read_competition(options.file), options.network),
        show=print,
    )


def _window(competition: "Competition", network: str) -> "Window":
    """The time that a round of now would draw from; the chain is asked for its block where a feed needs it."""
    from finetune.chain.connect import connect
    from finetune.chain.port import BLOCK_SECONDS
    from finetune.streams.sources import Window

    now, block = time.time(), 0
    if any(task.stream == "subnet_feed" for task in competition.tasks):
        with connect(network, netuid=0) as chain:
            block = chain.block()
    return Window(start=now - competition.round.eval_delay * BLOCK_SECONDS, end=now, block=block)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pin a competition's reference and bases, in its file.")
    parser.add_argument("file", type=Path, help="the competition file")
    parser.add_argument(
        "--model_dir", type=Path, default=Path("runs/owner"), help="where models are kept (%(default)s)"
    )
    parser.add_argument("--quota_gb", type=int, default=100, help="how much they may take (%(default)s)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps (%(default)s)")
    parser.add_argument(
        "--subtensor.network",
        dest="network",
        default="finney",
        metavar="NETWORK",
        help="for another subnet's feed: finney, test, ws://..., or local:PATH for a chain file (%(default)s)",
    )
    parser.add_argument("--unsafe_no_isolation", action="store_true", help="score without walls where none can be had")
    parser.set_defaults(hf_endpoint=os.environ.get("HF_ENDPOINT"), hf_token=os.environ.get("HF_TOKEN"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    finish(main)
