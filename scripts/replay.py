"""Judges reported rounds again by other rules: who would have held which seat, and who would have earned what.

Nothing is scored, sent or changed. Without a change, it shows that the reports follow from the rules.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from scripts.command import finish

Key = TypeVar("Key", int, str)


def main(arguments: list[str] | None = None) -> int:
    """Replay a folder of reports; returns 0, or 1 with what is wrong on standard error."""
    options = _parse(arguments)
    from finetune.errors import SetupError
    from finetune.replay.comparison import compare
    from finetune.replay.reports import read_reports
    from finetune.replay.rules import Change

    change = Change(
        competition=options.competition_id,
        epsilon_start=options.epsilon_start,
        epsilon_end=options.epsilon_end,
        epsilon_decay_blocks=options.epsilon_decay_blocks,
        alpha=options.alpha,
        tasks=dict(options.task),
        rewards=dict(options.reward),
    )
    try:
        comparison = compare(read_reports(options.folder), change)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        import json

        print(json.dumps(comparison.as_table(), indent=2))
        return 0
    from rich.console import Console

    from finetune.replay.tables import print_tables

    print_tables(Console(), comparison)
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="one validator's reports, such as runs/rehearsal/reports/north")
    parser.add_argument("--competition_id", type=int, help="whose rules change, where the reports tell of several")
    parser.add_argument("--epsilon_start", type=float, help="epsilon at the champion's commit")
    parser.add_argument("--epsilon_end", type=float, help="epsilon once it has decayed")
    parser.add_argument("--epsilon_decay_blocks", type=int, help="blocks that it decays over")
    parser.add_argument("--alpha", type=float, help="a challenger takes the seat at evidence of 1/alpha")
    parser.add_argument(
        "--task",
        metavar="NAME=WEIGHT",
        type=_pair(str, "NAME=WEIGHT"),
        action="append",
        default=[],
        help="another weight of a task, 0 to drop it; all weights must sum to 1",
    )
    parser.add_argument(
        "--reward",
        metavar="ID=SHARE",
        type=_pair(int, "ID=SHARE"),
        action="append",
        default=[],
        help="another reward share of a competition; all shares must sum to 1",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, with full hotkeys and all that is not known")
    return parser.parse_args(arguments)


def _pair(kind: Callable[[str], Key], form: str) -> Callable[[str], tuple[Key, float]]:
    """Reads KEY=NUMBER from the command line."""

    def read(text: str) -> tuple[Key, float]:
        key, _, number = text.partition("=")
        try:
            return kind(key), float(number)
        except ValueError:
            raise argparse.ArgumentTypeError(f"found {text!r}, allowed is {form}") from None

    return read


if __name__ == "__main__":
    finish(main)
