"""Says what a round would say of a model folder: the validators' gates, a duel on samples no round draws, the odds.

The rival is the champion by the chain's word, downloaded, or the reference where nobody leads; --rival names a folder
instead. Nothing is sent.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from neurons.settings import COMMON, UNSAFE, environment, make_parser
from scripts.command import finish

if TYPE_CHECKING:
    from competitions.competition import Competition
    from finetune.mining.preflight import Verdict

_NOT_HERE = ("wallet_name", "wallet_hotkey", "wallet_path", "offline")
CHECK = (*(one for one in COMMON if one.name not in _NOT_HERE), UNSAFE)


def main(arguments: Sequence[str] | None = None, variables: Mapping[str, str] | None = None) -> int:
    """Check a folder; returns 0, 1 where a gate turns it away, 2 where it could not be checked."""
    options = _parse(arguments, environment() if variables is None else variables)
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false", OMP_WAIT_POLICY="passive")
    from finetune.errors import FinetuneError
    from finetune.mining.advice import advice

    try:
        competition, verdict = _check(options)
    except FinetuneError as error:
        print(f"check_model: {error}", file=sys.stderr)
        return 2
    told = advice(verdict, competition)
    if options.json:
        print(json.dumps(asdict(verdict) | {"passed": verdict.passed, "advice": told}, indent=2))
    else:
        _print(verdict, told)
    return 0 if verdict.passed else 1


def _parse(arguments: Sequence[str] | None, variables: Mapping[str, str]) -> argparse.Namespace:
    parser = make_parser(CHECK, str(__doc__).splitlines()[0], variables)
    parser.add_argument("folder", type=Path, help="the model, as it would be published")
    parser.add_argument("--competition", type=int, required=True, help="the competition's id")
    parser.add_argument("--rival", type=Path, help="folder of the model to beat, instead of the champion's")
    parser.add_argument(
        "--age_blocks", type=int, default=0, help="with --rival: blocks since that model's commit (%(default)s)"
    )
    parser.add_argument("--base", type=Path, help="folder of the adapter's base, if not to be fetched")
    parser.add_argument("--rival_base", type=Path, help="the same for the rival's")
    parser.add_argument(
        "--tokenizer",
        type=Path,
        help="the reference's folder, if not to be fetched, where the competition fixes the tokenizer",
    )
    parser.add_argument("--batches", type=int, default=100, help="how many batches of samples (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same samples (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print every figure, for a program")
    options = parser.parse_args(arguments)
    if not 1 <= options.batches <= 100_000:
        parser.error(f"--batches is {options.batches}; it must be from 1 to 100,000")
    return options


def _check(options: argparse.Namespace) -> "tuple[Competition, Verdict]":
    """Load the rules, score both. Raises `FinetuneError`."""
    from finetune.errors import SetupError
    from finetune.startup import check_device, refuse
    from neurons.checking import run_preflight
    from neurons.publishing import read_catalog

    known = {one.id: one for one in read_catalog(options).competitions}
    if options.competition not in known:
        raise SetupError(f"no competition {options.competition}; there are {', '.join(map(str, sorted(known)))}")
    folders = (options.folder, options.rival, options.base, options.rival_base, options.tokenizer)
    faults = [f"{folder} is not a folder" for folder in folders if folder is not None and not folder.is_dir()]
    refuse([*faults, *check_device(options.device)], "check")
    competition = known[options.competition]
    return competition, run_preflight(options, competition, lambda line: print(line, file=sys.stderr, flush=True))


def _print(verdict: "Verdict", told: Sequence[str]) -> None:
    for gate in verdict.gates:
        why = f"failed, {gate.rejection.reason}: {gate.rejection.text}" if gate.rejection else "passed"
        print(f"gate {gate.name}: {why}")
    if verdict.lineage is not None:
        print(f"nearest to {verdict.lineage.nearest}, {verdict.lineage.distance:.2%} of the weights away")
    for name, task in verdict.tasks.items():
        need = f"; lower it by {task.lacking:.1%} to win" if task.lacking else ""
        print(f"{name}: loss {task.ours:.4f}, the rival's {task.rival:.4f}, which counts as {task.hurdle:.4f}{need}")
    for when, odds in (("today", verdict.today), ("once it has decayed", verdict.decayed)):
        if odds is not None:
            chances = ", ".join(f"{chance:.0%} within {rounds}" for rounds, chance in odds.dethroning.items())
            print(
                f"epsilon {odds.epsilon:.2%} ({when}): {odds.won:.1%} of the batches won, give or take "
                f"{odds.error:.1%}; chance to take the seat of {verdict.rival}, in rounds: {chances}"
            )
    for sentence in told:
        print(sentence)


if __name__ == "__main__":
    finish(main)
