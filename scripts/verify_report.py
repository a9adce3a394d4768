"""Checks a validator's report: signature, block hash, samples, and the arithmetic of every decision.

Each check is a line. What lies outside the report is asked only where you name it: a chain, the validator's earlier
reports, and with --recompute the hub, whose models are scored again in a walled worker.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from neurons.sources import open_sources
from scripts.command import add_chain, finish

if TYPE_CHECKING:
    from finetune.auditing.check import Check
    from finetune.auditing.rescore import Means
    from finetune.isolation.level import Level
    from finetune.streams.registry import OpenStream


def main(arguments: list[str] | None = None) -> int:
    """Check a report; returns 0 where nothing failed, 1 where a check did, 2 where it could not be checked."""
    options = _parse(arguments)
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false", OMP_WAIT_POLICY="passive")
    from finetune.auditing.verify import as_table, verdict
    from finetune.errors import FinetuneError

    try:
        with ExitStack() as held:
            checks = _check(options, held)
    except FinetuneError as error:
        print(f"verify_report: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"verdict": verdict(checks), "checks": as_table(checks)}, indent=2))
    else:
        _print(checks)
        print(verdict(checks))
    return 1 if any(one.faults for one in checks) else 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("report", type=Path, help="the report's file")
    parser.add_argument("--season", type=Path, help="folder of the same validator's reports, to judge the season again")
    parser.add_argument("--recompute", type=int, default=0, metavar="N", help="score so many random losses again")
    parser.add_argument("--seed", type=int, default=0, help="which ones: same seed, same losses (%(default)s)")
    add_chain(parser)
    parser.add_argument(
        "--model_dir", type=Path, default=Path("runs/verify"), help="where downloads are kept (%(default)s)"
    )
    parser.add_argument("--quota_gb", type=int, default=100, help="how much they may take (%(default)s)")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda", "mps"], help="what scores (%(default)s)")
    parser.add_argument("--unsafe_no_isolation", action="store_true", help="score without walls where none can be had")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(hf_endpoint=os.environ.get("HF_ENDPOINT"), hf_token=os.environ.get("HF_TOKEN"))
    options = parser.parse_args(arguments)
    if options.recompute < 0:
        parser.error(f"--recompute is {options.recompute}; it must be 0 or more")
    return options


def _check(options: argparse.Namespace, held: ExitStack) -> "Sequence[Check]":
    """Wire what was asked for, and check. Raises `FinetuneError`."""
    from finetune.auditing.verify import Beside, check_signature, read_file, verify
    from finetune.chain.connect import connect
    from finetune.replay.reports import read_reports
    from finetune.streams.registry import is_remote, open_stream

    report = read_file(options.report)
    signed, account = check_signature(report)
    if account is None:
        return (signed,)
    remote = any(is_remote(task.stream) for task in account.record.competition.tasks)
    level = _level(options) if remote or options.recompute else None
    opened: OpenStream = open_stream
    if remote and level is not None:
        reached = argparse.Namespace(**{**vars(options), "network": options.network or "finney"})
        opened = partial(open_stream, sources=open_sources(reached, level, held, _say))
    beside = Beside(
        open_stream=opened,
        chain=held.enter_context(connect(options.network, options.netuid)) if options.network else None,
        season=read_reports(options.season) if options.season else None,
        recompute=options.recompute,
        seed=options.seed,
        means=_means(options, level, opened, held) if options.recompute and level is not None else None,
    )
    return verify(report, beside)


def _level(options: argparse.Namespace) -> "Level":
    from finetune.isolation.trial import find_level

    return find_level(unsafe=options.unsafe_no_isolation)


def _means(options: argparse.Namespace, level: "Level", open_stream: "OpenStream", held: ExitStack) -> "Means":
    """What scoring again takes."""
    from finetune.auditing.rescore import Means
    from finetune.evals.isolated import IsolatedScorer
    from finetune.hub.cache import ModelCache
    from finetune.hub.client import HubClient
    from finetune.startup import check_device, refuse

    refuse(check_device(options.device), "machine")
    return Means(
        hub=HubClient(options.hf_endpoint, options.hf_token),
        cache=held.enter_context(ModelCache(options.model_dir / "cache", options.quota_gb * 10**9 * 9 // 10)),
        scorer=held.enter_context(IsolatedScorer(level=level, device=options.device)),
        open_stream=open_stream,
        say=_say,
    )


def _say(text: str) -> None:
    """Progress, beside the result."""
    print(text, file=sys.stderr, flush=True)


def _print(checks: "Sequence[Check]") -> None:
    for one in checks:
        print(f"{one.outcome:<12} {one.name}" + (f" ({one.skipped})" if one.skipped else ""))
        for fault in one.faults:
            print(f"{'':<12} - {fault}")


if __name__ == "__main__":
    finish(main)
