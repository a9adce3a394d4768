"""Plays the rules of the game on made-up losses, beside the two classic rules: how often each errs, what it costs."""

import argparse
import sys
import time
from pathlib import Path

from scripts.command import finish

_COMPETITION = Path(__file__).parents[1] / "competitions" / "catalog" / "instruct_8b.toml"


def main(arguments: list[str] | None = None) -> int:
    """Simulate, print, write; returns 0, 2 when it could not run, 130 on Ctrl-C."""
    options = _parse(arguments)
    from competitions.files import CatalogError
    from finetune.errors import FinetuneError

    try:
        _simulate(options)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except (FinetuneError, CatalogError) as error:
        print(f"simulate: {error}", file=sys.stderr)
        return 2
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes; the figures are rough")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same figures (%(default)s)")
    parser.add_argument(
        "--competition", type=Path, default=_COMPETITION, metavar="FILE", help="whose rules (%(default)s)"
    )
    parser.add_argument(
        "--spread", type=float, default=0.1, help="of the log ratio of two models' losses on a batch (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, progress on standard error")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw the plots there too")
    return parser.parse_args(arguments)


def _simulate(options: argparse.Namespace) -> None:
    """Check what was asked for, simulate, show."""
    from rich.console import Console

    from competitions.files import read_competition
    from finetune.errors import SetupError
    from finetune.rehearsal.show import Show
    from finetune.simulation.figures import FULL, QUICK, simulate
    from finetune.simulation.plots import write_plots
    from finetune.simulation.setting import Setting
    from finetune.simulation.tables import print_tables
    from finetune.simulation.world import World

    # Known before minutes are spent on figures.
    if options.seed < 0:
        raise SetupError(f"--seed: found {options.seed}, allowed is 0 or more")
    if not 0 < options.spread <= 2:
        raise SetupError(f"--spread: found {options.spread:g}, allowed is more than 0, at most 2")
    if options.plots is not None and not options.plots.is_dir():
        raise SetupError(f"--plots: there is no folder {options.plots}")
    setting = Setting(
        competition=read_competition(options.competition), world=World(spread=options.spread), seed=options.seed
    )
    with Show(Console(stderr=True)) as show:
        figures = simulate(setting, QUICK if options.quick else FULL, show.stage, time.perf_counter)
    if options.json:
        print(figures.as_json().decode(), end="")
    else:
        print_tables(Console(), figures)
    if options.plots is not None:
        for file in write_plots(options.plots, figures):
            print(file, file=sys.stderr)


if __name__ == "__main__":
    finish(main)
