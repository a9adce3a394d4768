"""Trains a model by a recipe, from data to a folder that can be published. The same command goes on after a kill.

docs/training.md: every recipe, every key, several GPUs. docs/training-data.md: the forms of data.
"""

import argparse
import os
import sys
from contextlib import ExitStack
from datetime import UTC, date, datetime
from datetime import time as clock_time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.command import finish

if TYPE_CHECKING:
    from competitions.competition import Competition
    from finetune.mining.dataset.split import Split
    from finetune.mining.recipes.recipe import Recipe
    from finetune.streams.registry import OpenStream
    from finetune.streams.sources import Window

# Accelerate's launcher numbers its processes so; all of them run this file.
_RANK = os.environ.get("RANK", "0")
_DAY = 86_400.0  # seconds
_CATALOG = Path(os.environ.get("CATALOG") or "competitions/catalog")
_QUOTA = 20 * 10**9  # bytes of datasets that are kept


def main(arguments: list[str] | None = None) -> int:
    """Train; returns 0, 2 with what is wrong on standard error, 130 on Ctrl-C."""
    options = _parse(arguments)
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1", TOKENIZERS_PARALLELISM="false")
    if not options.practice:
        os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if options.wandb:
        os.environ["WANDB_PROJECT"] = options.wandb
    from finetune.errors import FinetuneError

    try:
        _train(options)
    except KeyboardInterrupt:
        _say("\nstopped; the same command goes on from the last checkpoint", error=True)
        return 130
    except FinetuneError as error:
        _say(f"train: {error}", error=True)
        return 2
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--recipe", default="lora", help="full, partial, lora, qlora, dpo, or a file (%(default)s)")
    parser.add_argument("--base", type=Path, required=True, metavar="FOLDER", help="the model to begin with")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the new folder for the result")
    parser.add_argument("--data", type=Path, nargs="+", default=[], metavar="FILE", help="JSON Lines to learn")
    parser.add_argument(
        "--held_out_data", type=Path, nargs="+", default=[], metavar="FILE", help="JSON Lines to measure on instead"
    )
    parser.add_argument("--held_out", type=float, default=0.05, help="else: share of the documents (%(default)s)")
    parser.add_argument("--data_errors", choices=["stop", "skip"], default="stop", help="what a faulty line does")
    parser.add_argument("--every_turn", action="store_true", help="learn every answer of a conversation")
    parser.add_argument("--competition", metavar="ID_OR_FILE", help="train under its rules")
    parser.add_argument("--catalog", type=Path, default=_CATALOG, help="where ids are looked up (%(default)s)")
    parser.add_argument("--practice", type=int, default=0, metavar="N", help="learn N samples of its streams too")
    parser.add_argument("--practice_seed", type=int, default=0, help="same seed, same samples (%(default)s)")
    parser.add_argument(
        "--practice_day",
        type=date.fromisoformat,
        default=datetime.now(UTC).date(),
        metavar="YYYY-MM-DD",
        help="streams of the hub are read as they stood when this day began; today by default",
    )
    parser.add_argument("--datasets", type=Path, default=Path("runs/datasets"), help="where their files are kept")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a value of the recipe; may come often"
    )
    parser.add_argument("--device", choices=["auto", "cpu"], default="auto", help="auto takes GPUs where there are any")
    parser.add_argument("--wandb", metavar="PROJECT", help="report to Weights & Biases too")
    options = parser.parse_args(arguments)
    if not options.data and not options.practice:
        parser.error("there is nothing to learn: give --data, or --practice with --competition")
    if options.practice and not options.competition:
        parser.error("--practice needs --competition, whose streams are practised")
    if options.practice < 0:
        parser.error(f"--practice is {options.practice}; it must be at least 1")
    return options


def _train(options: argparse.Namespace) -> None:
    """Rules, data, training. Raises `FinetuneError`."""
    from finetune.errors import SetupError
    from finetune.mining.recipes.files import read_recipe
    from finetune.mining.recipes.rules import check_rules

    if not options.base.is_dir():
        raise SetupError(f"{options.base} is not a folder")
    if options.out.exists():
        raise SetupError(f"{options.out} is there already; remove it or name another folder")
    competition = _competition(options)
    settings = options.set
    if competition is not None:
        settings = [f"sequence_length={competition.constraints.sequence_length}", *settings]
    recipe = read_recipe(options.recipe, settings)
    if competition is not None:
        check_rules(recipe, options.base, competition)
    if recipe.four_bit:
        from finetune.mining.recipes.learner import check_four_bit

        check_four_bit()
    sides = _samples(options, recipe, competition)
    _say(f"{len(sides.train):,} samples to learn, {len(sides.held_out):,} held out")

    from finetune.mining.recipes.held_out import unit
    from finetune.mining.recipes.lines import Lines
    from finetune.mining.recipes.training import train_recipe

    lines = Lines(unit(sides.held_out), _say)
    trained = train_recipe(
        options.base,
        options.out,
        sides.train,
        sides.held_out,
        recipe,
        device=options.device,
        scored_in=competition.precision.dtype if competition else "float32",
        wandb=bool(options.wandb),
        on_progress=lines,
    )
    if trained is not None:
        lines.end(trained, options.out)


def _competition(options: argparse.Namespace) -> "Competition | None":
    """The competition of that file, or of that id in the catalog. Raises `SetupError`."""
    if options.competition is None:
        return None
    from competitions.files import CatalogError, read_competition
    from competitions.schedule import load_catalog
    from finetune.errors import SetupError

    try:
        if not options.competition.isdigit():
            return read_competition(Path(options.competition))
        known = {one.id: one for one in load_catalog(options.catalog).competitions}
    except CatalogError as error:
        raise SetupError(str(error)) from error
    if int(options.competition) not in known:
        raise SetupError(f"no competition {options.competition}; there are {', '.join(map(str, sorted(known)))}")
    return known[int(options.competition)]


def _samples(options: argparse.Namespace, recipe: "Recipe", competition: "Competition | None") -> "Split":
    """What is learned and what is measured, all of it judged. Raises `SetupError`, `ScoringError`, `StreamError`."""
    from finetune.evals.tokenizer import load_tokenizer
    from finetune.mining.recipes.data import Given, gather

    given = Given(
        files=options.data,
        held_out_files=options.held_out_data,
        data_errors=options.data_errors,
        every_turn=options.every_turn,
        practice=options.practice,
        practice_seed=options.practice_seed,
        held_out=options.held_out,
    )
    with ExitStack() as held:
        open_stream, window = _streams(options, competition, held)
        data = gather(
            given,
            load_tokenizer(options.base),
            sequence_length=recipe.sequence_length,
            seed=recipe.seed,
            competition=competition,
            open_stream=open_stream,
            window=window,
        )
    for note in data.notes:
        _say(note)
    return data.sides


def _streams(
    options: argparse.Namespace, competition: "Competition | None", held: ExitStack
) -> "tuple[OpenStream, Window]":
    """What opens streams, and the time that those of the hub draw from: the day before `--practice_day`."""
    from finetune.streams.registry import is_remote, open_stream
    from finetune.streams.sources import Sources, Window

    if competition is None or not any(is_remote(task.stream) for task in competition.tasks):
        return open_stream, Window(start=0.0, end=0.0)
    from finetune.hub.client import HubClient
    from finetune.hub.dataset_cache import DatasetCache
    from finetune.isolation.trial import find_level
    from finetune.streams.parquet_reader import ParquetReader

    end = datetime.combine(options.practice_day, clock_time(), UTC).timestamp()
    # One process alone may use a cache.
    cache = held.enter_context(DatasetCache(options.datasets / f"process-{_RANK}", _QUOTA))
    sources = Sources(
        datasets=HubClient(os.environ.get("HF_ENDPOINT"), os.environ.get("HF_TOKEN"), kind="dataset"),
        cache=cache,
        say=_say,
        reader=held.enter_context(ParquetReader(cache.folder, level=find_level())),
    )
    return partial(open_stream, sources=sources), Window(start=end - _DAY, end=end)


def _say(text: str, *, error: bool = False) -> None:
    """Print, in the first process only."""
    if _RANK == "0":
        print(text, file=sys.stderr if error else sys.stdout, flush=True)


if __name__ == "__main__":
    finish(main)
