"""Pins a competition file before it opens: downloads its reference and bases, measures the reference's control losses.

Writes revision, digest and control losses into the file; comments and order stay. Run it on the class of hardware that
validators have, since the control losses are what their machines must find again.
"""

import argparse
import os
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Pin one file; returns 0, or 1 with the error on standard error."""
    options = _parse(arguments)
    from competitions.files import CatalogError
    from finetune.errors import FinetuneError
    from finetune.evals.scorer import LocalScorer
    from finetune.hub.cache import ModelCache
    from finetune.hub.client import HubClient
    from finetune.streams.registry import open_stream
    from finetune.validating.pin import pin_file

    hub = HubClient(os.environ.get("HF_ENDPOINT"), os.environ.get("HF_TOKEN"))
    try:
        with ModelCache(options.model_dir, options.quota_gb * 10**9) as cache:
            pinned = pin_file(options.file, hub, cache, LocalScorer(device=options.device), open_stream)
    except (CatalogError, FinetuneError) as error:
        print(error, file=sys.stderr)
        return 1
    losses = ", ".join(f"{loss:.3f}" for loss in pinned.reference.control_losses)
    print(f"{options.file}: {pinned.reference.repository} at {pinned.reference.revision}, control losses {losses}")
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pin a competition's reference and bases, in its file.")
    parser.add_argument("file", type=Path, help="the competition file")
    parser.add_argument(
        "--model_dir", type=Path, default=Path("runs/models"), help="where models are kept (%(default)s)"
    )
    parser.add_argument("--quota_gb", type=int, default=100, help="how much they may take (%(default)s)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps (%(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
