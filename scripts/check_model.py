"""Says what a round would say of a model folder: the validators' gates, a duel on samples no round draws, the odds.

Nothing is asked of the chain and nothing is sent. The rival is a folder, such as `neurons/miner.py --load_best` prints.
"""

import argparse
import json
import os
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finetune.mining.preflight import Verdict


def main(arguments: list[str] | None = None) -> int:
    """Check a folder; returns 0, 1 where a gate turns it away, 2 where it could not be checked."""
    options = _parse(arguments)
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false", OMP_WAIT_POLICY="passive")
    from finetune.errors import FinetuneError

    try:
        verdict = _check(options)
    except FinetuneError as error:
        print(f"check_model: {error}", file=sys.stderr)
        return 2
    print(json.dumps(asdict(verdict), indent=2)) if options.json else _print(verdict)
    return 0 if verdict.passed else 1


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("folder", type=Path, help="the model, as it would be published")
    parser.add_argument("--competition", type=int, required=True, help="the competition's id")
    parser.add_argument(
        "--catalog", type=Path, default=Path("competitions/catalog"), help="folder of competition files"
    )
    parser.add_argument("--rival", type=Path, required=True, help="folder of the model to beat")
    parser.add_argument("--age_blocks", type=int, default=0, help="blocks since the rival's commit (%(default)s)")
    parser.add_argument("--base", type=Path, help="folder of the base, where the folder is an adapter")
    parser.add_argument("--rival_base", type=Path, help="the same for the rival")
    parser.add_argument(
        "--tokenizer", type=Path, help="the reference's folder, where the competition fixes the tokenizer"
    )
    parser.add_argument("--batches", type=int, default=100, help="how many batches of past samples (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same samples (%(default)s)")
    parser.add_argument("--device", choices=["cpu", "cuda", "mps"], default="cpu")
    parser.add_argument("--unsafe_no_isolation", action="store_true", help="score without walls where none can be had")
    parser.add_argument("--json", action="store_true", help="print every figure, for a program")
    options = parser.parse_args(arguments)
    if options.batches < 1:
        parser.error(f"--batches is {options.batches}; it must be at least 1")
    return options


def _check(options: argparse.Namespace) -> "Verdict":
    """Load the rules, score both. Raises `FinetuneError`."""
    from competitions.files import CatalogError
    from competitions.schedule import load_catalog
    from finetune.errors import SetupError
    from finetune.evals.isolated import IsolatedScorer
    from finetune.evals.port import Folders
    from finetune.isolation.trial import find_level
    from finetune.mining.preflight import preflight
    from finetune.streams.registry import open_stream
    from finetune.streams.sources import Window

    try:
        known = {one.id: one for one in load_catalog(options.catalog).competitions}
    except CatalogError as error:
        raise SetupError(str(error)) from error
    if options.competition not in known:
        raise SetupError(f"no competition {options.competition}; there are {', '.join(map(str, sorted(known)))}")
    for folder in (options.folder, options.rival, options.base, options.rival_base, options.tokenizer):
        if folder is not None and not folder.is_dir():
            raise SetupError(f"{folder} is not a folder")
    with ExitStack() as held:
        level = find_level(unsafe=options.unsafe_no_isolation)
        return preflight(
            Folders(model=options.folder, base=options.base, tokenizer=options.tokenizer),
            known[options.competition],
            rival=Folders(model=options.rival, base=options.rival_base, tokenizer=options.tokenizer),
            scorer=held.enter_context(IsolatedScorer(level=level, device=options.device)),
            open_stream=open_stream,
            seed=options.seed,
            batches=options.batches,
            window=Window(start=0.0, end=0.0),
            age_blocks=options.age_blocks,
        )


def _print(verdict: "Verdict") -> None:
    for gate in verdict.gates:
        why = f"{gate.rejection.reason}: {gate.rejection.text}" if gate.rejection else "passed"
        print(f"gate {gate.name}: {why}")
    for name, task in verdict.tasks.items():
        need = f"; lower it by {task.lacking:.1%} to win" if task.lacking else ""
        print(f"{name}: loss {task.ours:.4f}, the rival's {task.rival:.4f}, which counts as {task.hurdle:.4f}{need}")
    for when, odds in (("today", verdict.today), ("once it has decayed", verdict.decayed)):
        if odds is not None:
            chances = ", ".join(f"{chance:.0%} within {rounds}" for rounds, chance in odds.dethroning.items())
            print(
                f"epsilon {odds.epsilon:.2%} ({when}): {odds.won:.1%} of the batches won, give or take "
                f"{odds.error:.1%}; chance to take the seat, in rounds: {chances}"
            )


if __name__ == "__main__":
    sys.exit(main())
