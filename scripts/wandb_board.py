"""Builds the public leaderboard on wandb, a report over the runs that validators write, and prints the links to it.

The key is read from the environment (WANDB_API_KEY). Run it again with --replace after the catalog has changed.
"""

import argparse
import os
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Build the report; returns 0, or 1 with what is wrong on standard error."""
    options = _parse(arguments)
    from competitions.files import CatalogError
    from competitions.schedule import load_catalog

    try:
        catalog = load_catalog(options.catalog)
    except CatalogError as error:
        print(error, file=sys.stderr)
        return 1
    os.environ.setdefault("WANDB_SILENT", "true")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    from finetune.errors import MirrorUnavailable
    from finetune.mirror.leaderboard import leaderboard, outline, publish
    from finetune.redact import redacted

    report = leaderboard(options.wandb_project, options.wandb_entity, catalog, options.netuid)
    if options.dry_run:
        print("\n".join([report.title, *outline(report)]))
        return 0
    try:
        shown, shared = publish(report, options.replace)
    except MirrorUnavailable as error:
        print(redacted(str(error), os.environ.get("WANDB_API_KEY")), file=sys.stderr)
        return 1
    print(f"saved: {shown}\nfor everybody: {shared}")
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    variables = os.environ
    parser = argparse.ArgumentParser(description="Build the public leaderboard on wandb and print the links to it.")
    parser.add_argument("--wandb_project", default=variables.get("WANDB_PROJECT", "finetuning"), help="(%(default)s)")
    entity = variables.get("WANDB_ENTITY")
    parser.add_argument("--wandb_entity", default=entity, required=not entity, help="whose project it is (%(default)s)")
    parser.add_argument("--netuid", type=int, default=37, help="the subnet (%(default)s)")
    parser.add_argument(
        "--catalog", type=Path, default=Path("competitions/catalog"), help="folder of competition files (%(default)s)"
    )
    parser.add_argument("--replace", metavar="URL", help="an earlier leaderboard, whose links stay as they are")
    parser.add_argument("--dry_run", action="store_true", help="print what would be built and send nothing")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
