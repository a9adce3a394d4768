"""Writes conversations or multiple-choice questions about documents with a chat model, as a dataset that grows daily.

The model answers at any OpenAI-compatible endpoint: OPENAI_BASE_URL and OPENAI_API_KEY name it. The folder --out holds
`answers.jsonl` (all that was answered), `rows.jsonl` (the rows) and `publication/` (parquet and a manifest). A run that
was stopped goes on with the same command. --publish adds the publication to a dataset repository in one commit.
"""

import argparse
import math
import os
import re
import sys
from asyncio import CancelledError
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.command import finish

if TYPE_CHECKING:
    from finetune.chain.port import Signer
    from finetune.generating.asking import Plan
    from finetune.generating.session import Limits, Session


def main(arguments: list[str] | None = None) -> int:
    """Run one session; returns 0, 2 with the error on standard error, 130 where it was stopped."""
    options = _parse(arguments)
    from finetune.errors import FinetuneError

    try:
        return _generate(options)
    except (KeyboardInterrupt, CancelledError):
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except FinetuneError as error:
        print(f"generate_data: {error}", file=sys.stderr)
        return 2


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="From the environment alone: OPENAI_BASE_URL, OPENAI_API_KEY; for --publish HF_TOKEN, HF_ENDPOINT.",
    )
    add = parser.add_argument
    add("documents", type=Path, nargs="+", help="files and folders of .md and .txt documents")
    add("--kind", choices=("conversations", "questions"), required=True, help="what is written")
    add("--model", required=True, help="the model's name at the endpoint")
    add("--out", type=Path, default=Path("runs/generated"), help="the run's folder (%(default)s)")
    add("--seed", type=int, default=0, help="chooses and orders sections and wordings; another one a day (%(default)s)")
    add("--sections", type=_count, help="how many sections to ask about, drawn from all; all by default")
    add("--per_section", type=_count, default=1, help="rows to ask for from each section (%(default)s)")
    add("--attempts", type=_count, default=2, help="attempts at a row, where replies are unfit (%(default)s)")
    add("--earlier", type=Path, nargs="+", default=[], help="folders of earlier runs, whose rows are not repeated")
    add("--max_tokens", type=_count, default=1024, help="the longest reply; models that think need more (%(default)s)")
    add("--workers", type=_count, default=4, help="requests under way at a time (%(default)s)")
    add("--timeout", type=_count, default=120, help="seconds for one request (%(default)s)")
    add("--max_requests", type=_count, help="requests that the whole run may send")
    add("--max_cost", type=_amount, help="what the whole run may cost, by these prices")
    add("--price_in", type=_amount, default=0.0, help="price of a million tokens that the model reads")
    add("--price_out", type=_amount, default=0.0, help="price of a million tokens that it writes")
    add("--dry_run", action="store_true", help="say what would be asked and the most that it can cost; ask nothing")
    add("--publish", metavar="NAMESPACE/NAME", help="dataset repository to add the rows to; needs --wallet.hotkey")
    add("--wallet.name", dest="wallet_name", default="default", help="wallet of the hotkey (%(default)s)")
    add("--wallet.hotkey", dest="wallet_hotkey", help="hotkey that signs the manifest")
    add("--wallet.path", dest="wallet_path", default="~/.bittensor/wallets", help="where wallets lie (%(default)s)")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:12]) <= 10**9:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 1,000,000,000; found {text!r:.40}")
    return int(text)


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"must be a number, 0 or more; found {text!r:.40}")
    return value


def _generate(options: argparse.Namespace) -> int:
    """Read, ask, keep, publish."""
    from finetune.errors import SetupError
    from finetune.generating.asking import STOPPED
    from finetune.generating.endpoint import endpoint_from
    from finetune.generating.session import run_session

    plan, limits, facts = _plan(options)
    if options.dry_run:
        return 0
    endpoint, hotkey = endpoint_from(os.environ), _hotkey(options)
    session = run_session(
        plan, endpoint, limits, out=options.out, earlier=options.earlier, facts=facts, hotkey=hotkey, say=_say
    )
    if session.ended == STOPPED:
        raise KeyboardInterrupt
    if session.publication is None:
        raise SetupError(f"{session.ended}; the same command goes on from here")
    if session.ended:
        _say(f"{session.ended}; the same command goes on with a higher --max_cost or --max_requests")
    print(f"{session.publication.record['rows']:,} rows: {options.out / 'rows.jsonl'}, {session.publication.folder}")
    if options.publish:
        _publish(options, session)
    return 0


def _plan(options: argparse.Namespace) -> "tuple[Plan, Limits, dict[str, object]]":
    """What is to be asked, within which limits, and what there is to say of the documents."""
    from finetune.errors import SetupError
    from finetune.generating.asking import Plan, chosen
    from finetune.generating.budget import Prices
    from finetune.generating.documents import read_documents
    from finetune.generating.kinds import KINDS
    from finetune.generating.sections import cut_sections
    from finetune.generating.session import Limits, check_plan

    documents = read_documents(options.documents)
    sections = cut_sections(documents.read)
    if not sections.cut:
        raise SetupError(f"the documents have no section to ask about: {_counts(sections.skipped)}")
    plan = Plan(
        kind=KINDS[options.kind],
        sections=chosen(sections.cut, options.seed, options.sections),
        model=options.model,
        seed=options.seed,
        per_section=options.per_section,
        attempts=options.attempts,
        max_tokens=options.max_tokens,
    )
    limits = Limits(
        workers=min(options.workers, 256),
        timeout=options.timeout,
        prices=Prices(tokens_in=options.price_in, tokens_out=options.price_out),
        max_requests=options.max_requests,
        max_cost=options.max_cost,
    )
    cost = check_plan(plan, limits.prices)
    _say(f"{len(documents.read):,} documents; left out: {_counts(documents.skipped)}")
    _say(f"{len(sections.cut):,} sections, {len(plan.sections):,} chosen; left out: {_counts(sections.skipped)}")
    _say(f"{plan.total:,} rows to ask for" + (f", for at most {cost:.4f}" if cost else ""))
    facts: dict[str, object] = {
        "documents": len({one.document for one in plan.sections}),
        "sections": len(plan.sections),
    }
    if options.publish:
        facts["repository"] = options.publish  # readers trust the manifest there and nowhere else
    return plan, limits, {**facts, "skipped": {**documents.skipped, **sections.skipped}}


def _hotkey(options: argparse.Namespace) -> "Signer | None":
    """The hotkey that signs. Raises `SetupError`, also for what --publish would lack after all has been paid for."""
    from finetune.chain.wallet import open_hotkey
    from finetune.errors import SetupError

    if options.publish:
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", options.publish, re.ASCII):
            raise SetupError(f"--publish must be namespace/name; found {options.publish!r:.80}")
        if not os.environ.get("HF_TOKEN"):
            raise SetupError("--publish needs a token that may write to the repository, in HF_TOKEN")
        if not options.wallet_hotkey:
            raise SetupError("--publish needs --wallet.hotkey: readers trust rows by who signed them")
    if not options.wallet_hotkey:
        return None
    return open_hotkey(options.wallet_name, options.wallet_hotkey, options.wallet_path)


def _publish(options: argparse.Namespace, session: "Session") -> None:
    from finetune.generating.publication import signer_of
    from finetune.generating.publish import publish
    from finetune.hub.client import HubClient

    assert session.publication is not None
    hub = HubClient(os.environ.get("HF_ENDPOINT"), os.environ.get("HF_TOKEN"), kind="dataset")
    revision = publish(session.publication, repository=options.publish, hub=hub, out=options.out)
    signer = signer_of(session.publication)
    print(f"published {session.publication.name} in {options.publish} at {revision}, signed by {signer}")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(counts.items())) or "none"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    finish(main)
