"""The child process of `finetune.mirror.child`: follows the reports until its standard input ends."""

import argparse
import os
from functools import partial
from importlib.metadata import version
from pathlib import Path

from finetune.mirror.follow import Follower
from finetune.mirror.keeping_up import keep_up, speaker, until_the_parent_ends
from finetune.mirror.run import Project, Run

_VERSIONS = ("torch", "transformers", "tokenizers", "peft", "numpy", "bittensor", "wandb")


def main() -> None:
    """Follow until told to stop. Every fault is said once and tried again."""
    options = _parse()
    say, stop = speaker("wandb"), until_the_parent_ends(options.grace)
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
        say=say,
    )
    keep_up(follower.catch_up, stop, options.pause, say, secret=os.environ.get("WANDB_API_KEY"))


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


if __name__ == "__main__":
    main()
