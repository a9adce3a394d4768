"""Builds the public leaderboard on wandb, a report over the runs that validators write, and prints the links to it.

Run it again with --replace after the catalog has changed.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence

from neurons.settings import VALIDATOR, Setting, environment, parse
from scripts.command import finish

_HERE = ("netuid", "catalog", "wandb_project", "wandb_entity", "wandb_api_key", "wandb_base_url")
BOARD = (
    *(one for one in VALIDATOR if one.name in _HERE),
    Setting(
        name="replace",
        flag="--replace",
        variable="WANDB_BOARD",
        help="address of an earlier leaderboard, whose links stay as they are",
    ),
    Setting(
        name="dry_run",
        flag="--dry_run",
        variable="DRY_RUN",
        default=False,
        kind=bool,
        help="print what would be built and send nothing",
    ),
)
# As wandb writes the address of a report: its title, two hyphens, its id in base64.
_REPORT = re.compile(r"https?://[^/\s]+/[^/\s]+/[^/\s]+/reports/[^/\s]*--[A-Za-z0-9+=]+/?([?#]\S*)?")


def main(arguments: Sequence[str] | None = None, variables: Mapping[str, str] | None = None) -> int:
    """Build the report; returns 0, or 1 with what is wrong on standard error."""
    summary = str(__doc__).splitlines()[0]
    options = parse(BOARD, summary, arguments, environment() if variables is None else variables)
    from competitions.files import CatalogError
    from competitions.schedule import load_catalog
    from finetune.errors import FinetuneError, SetupError
    from finetune.redact import redacted

    try:
        if not options.wandb_entity:
            raise SetupError("nothing says whose project it is; give --wandb_entity or WANDB_ENTITY")
        if options.replace and not _REPORT.fullmatch(options.replace):
            raise SetupError(
                f"--replace is {options.replace!r:.200}; it must be the address of a report, which ends in "
                "ENTITY/PROJECT/reports/TITLE--ID"
            )
        catalog = load_catalog(options.catalog)
        # Read by the library, also what came from .env.
        given = {"WANDB_API_KEY": options.wandb_api_key, "WANDB_BASE_URL": options.wandb_base_url}
        os.environ.update({name: value for name, value in given.items() if value})
        os.environ.update(WANDB_SILENT="true", WANDB_ERROR_REPORTING="false")
        from finetune.mirror.leaderboard import leaderboard, outline, publish

        report = leaderboard(options.wandb_project, options.wandb_entity, catalog, options.netuid)
        if options.dry_run:
            print("\n".join([report.title, *outline(report)]))
        else:
            shown, shared = publish(report, options.replace)
            print(f"saved: {shown}\nfor everybody: {shared}")
    except (CatalogError, FinetuneError) as error:
        print(redacted(str(error), options.wandb_api_key), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    finish(main)
