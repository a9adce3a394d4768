"""Checks a folder of competition files, one by one and together. Prints the schedule, or what is wrong."""

import argparse
import sys
from pathlib import Path

from competitions.files import CatalogError
from competitions.schedule import NOTICE_BLOCKS, Catalog, check_change, load_catalog
from scripts.command import finish


def main(arguments: list[str] | None = None) -> int:
    """Check a catalog; returns 0, or 1 with what is wrong on standard error."""
    options = _parse(arguments)
    from finetune.validating.startup import check_competition

    try:
        catalog = load_catalog(options.folder)
        if options.against is not None:
            check_change(load_catalog(options.against), catalog, options.block)
        faults = [fault for one in catalog.competitions for fault in check_competition(one)]
    except CatalogError as error:
        faults = [str(error)]
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 1
    _print(catalog)
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Check a folder of competition files and print its schedule.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("competitions/catalog"))
    parser.add_argument("--against", type=Path, help=f"the catalog in force: a change needs {NOTICE_BLOCKS:,} blocks")
    parser.add_argument("--block", type=int, default=0, help="the block at which the change becomes known")
    return parser.parse_args(arguments)


def _print(catalog: Catalog) -> None:
    count = len(catalog.competitions)
    print(f"{count} competition{'s' * (count != 1)}, fingerprint {catalog.fingerprint[:16]}")
    for block in catalog.edges:
        running = catalog.at(block)
        print(f"from block {block:,}: " + (", ".join(f"{one.title} {one.reward:.0%}" for one in running) or "nothing"))
    for one in catalog.competitions:
        if not one.pinned:
            print(f"{one.title} is not pinned yet: scripts/pin_competition.py does it before the competition opens")


if __name__ == "__main__":
    finish(main)
