"""The child process of `finetune.mirror.child.HubMirror`: brings reports to a hub until its standard input ends."""

import argparse
import os
from pathlib import Path

from finetune.mirror.archive import Archive
from finetune.mirror.dataset import ReportDataset
from finetune.mirror.keeping_up import keep_up, speaker, until_the_parent_ends

PLACE = "reports"


def main() -> None:
    """Follow until told to stop. Every fault is said once and tried again."""
    options = _parse()
    say, stop = speaker(PLACE), until_the_parent_ends(options.grace)
    token = os.environ["HF_TOKEN"]
    place = ReportDataset(os.environ.get("HF_ENDPOINT"), token, options.repository)
    archive = Archive(options.reports, place, hotkey=options.hotkey, say=say)
    keep_up(archive.catch_up, stop, options.pause, say, place="the hub", secret=token)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, required=True)
    parser.add_argument("--hotkey", required=True)
    parser.add_argument("--repository", required=True)
    parser.add_argument("--pause", type=float, required=True)
    parser.add_argument("--grace", type=float, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
