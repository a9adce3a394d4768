"""A session of a run: asks for what is missing, keeps the rows, makes the publication. The run may have many sessions.

It wires the parts of this package together, and knows no command line. A run that was published asks for nothing more.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finetune.chain.port import Signer
from finetune.errors import SetupError
from finetune.generating.answers import Answers
from finetune.generating.asking import MOST_INQUIRIES, Plan, ask_all
from finetune.generating.budget import BUDGET_SPENT, Budget, Prices
from finetune.generating.chat import Chat, most_tokens_in
from finetune.generating.endpoint import Endpoint
from finetune.generating.harvest import Harvest, harvest, seen_in, write_rows
from finetune.generating.kinds import KINDS
from finetune.generating.progress import Progress
from finetune.generating.publication import Publication, find_publication, make_publication
from finetune.generating.publish import published_in
from finetune.generating.questions import longest_share
from finetune.generating.stopping import Stop


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a session may use; another one of the same run may have others. `timeout` is in seconds a request."""

    workers: int
    timeout: float
    prices: Prices
    max_requests: int | None
    max_cost: float | None

    def __post_init__(self) -> None:
        """Raises `SetupError` for a limit that limits nothing."""
        if self.max_cost is not None and self.prices == Prices():
            raise SetupError("--max_cost needs --price_in and --price_out, or nothing costs anything")


@dataclass(frozen=True, kw_only=True)
class Session:
    """What one session came to: why it ended early, or nothing; and the publication, where there is one."""

    ended: str
    publication: Publication | None


def check_plan(plan: Plan, prices: Prices) -> float:
    """What the plan costs if every inquiry needs all its attempts and every reply is as long as it may be.

    Raises `SetupError` for a plan of more inquiries than one run may have.
    """
    if plan.total * plan.attempts > MOST_INQUIRIES:
        raise SetupError(
            f"{plan.total:,} rows in up to {plan.attempts} attempts are more than {MOST_INQUIRIES:,} inquiries; take "
            "fewer with --sections"
        )
    tokens_in = sum(most_tokens_in(plan.messages(inquiry)) for inquiry in plan.first_inquiries())
    return prices.cost(tokens_in, plan.total * plan.max_tokens) * plan.attempts


def run_session(
    plan: Plan,
    endpoint: Endpoint,
    limits: Limits,
    *,
    out: Path,
    earlier: Sequence[Path],
    facts: Mapping[str, Any],
    hotkey: Signer | None,
    say: Callable[[str], None],
    now: Callable[[], float] = time.time,
) -> Session:
    """Go on with the run in `out`, or begin it. Ctrl-C ends it when the answers under way have come.

    Args:
        plan: what is asked.
        endpoint: whom.
        limits: what may be used, earlier sessions included.
        out: the run's folder.
        earlier: files of rows that new ones must not repeat; see `seen_in`.
        facts: what the manifest says of the documents.
        hotkey: who signs the manifest; without one, nobody does.
        say: takes lines for a person.
        now: Unix seconds: dates the publication, and is what servers' times to come back at are measured by.

    Raises:
        SetupError: the folder is another run's, in use or cannot be written; the endpoint cannot be used; no answer
            gave a row.
    """
    with Answers(out, plan.settings()) as answers:
        repository = published_in(out)
        if repository is not None:
            say(f"the rows in {out} are published in {repository}; for new ones name another folder with --out")
            return Session(ended="", publication=_sealed(out))
        seen = seen_in(plan.kind, earlier, out)
        ended = asyncio.run(_ask(plan, answers, endpoint, limits, say, now))
        found = harvest(plan, answers, seen, endpoint.is_told_by)
        write_rows(out, found.rows)
        _tell(found, answers, plan, say)
        if ended not in ("", BUDGET_SPENT):
            return Session(ended=ended, publication=None)
        if not found.rows:
            raise SetupError("no answer gave a row; look at the reasons above, and try another model or --max_tokens")
        publication = make_publication(
            out,
            kind=plan.kind.name,
            rows=found.rows,
            facts={**_facts(plan, answers, found), **facts},
            hotkey=hotkey,
            now=datetime.fromtimestamp(now(), UTC),
        )
        return Session(ended=ended, publication=publication)


async def _ask(
    plan: Plan,
    answers: Answers,
    endpoint: Endpoint,
    limits: Limits,
    say: Callable[[str], None],
    now: Callable[[], float],
) -> str:
    """Ask what has no answer yet; returns why that ended early, or nothing."""
    budget = Budget(
        prices=limits.prices, max_requests=limits.max_requests, max_cost=limits.max_cost, spent=answers.spent
    )
    stop, progress = Stop(), Progress(plan.total, budget, say=say)
    with stop.on_signals(say):
        async with Chat(
            endpoint,
            model=plan.model,
            max_tokens=plan.max_tokens,
            timeout=limits.timeout,
            budget=budget,
            pause=stop.pause,
            now=now,
        ) as chat:
            return await ask_all(plan, answers, chat, progress, workers=limits.workers, stopped=stop.is_wanted)


def _tell(found: Harvest, answers: Answers, plan: Plan, say: Callable[[str], None]) -> None:
    spent = answers.spent
    say(f"{len(found.rows):,} rows from {len(answers.texts):,} answers to {spent.requests:,} requests")
    say(f"{spent.tokens_in:,} tokens in and {spent.tokens_out:,} out, cost {spent.cost:.4f}")
    for reason, count in sorted(found.rejected.items(), key=lambda one: -one[1]):
        say(f"  {count:,} answers rejected: {reason}")
    if plan.kind is KINDS["questions"] and found.rows:
        say(f"  the right option is the longest of four in {longest_share(found.rows):.0%}; by chance 25%")


def _facts(plan: Plan, answers: Answers, found: Harvest) -> dict[str, Any]:
    """What the manifest says of the run; no address, no path and no price."""
    spent = answers.spent
    facts = {
        "model": plan.model,
        "seed": plan.seed,
        "settings": dict(plan.settings()),
        "answers": len(answers.texts),
        "rejected": dict(found.rejected),
        "requests": spent.requests,
        "tokens_in": spent.tokens_in,
        "tokens_out": spent.tokens_out,
    }
    if plan.kind is KINDS["questions"]:
        facts["right_is_longest"] = round(longest_share(found.rows), 3)
    return facts


def _sealed(out: Path) -> Publication:
    publication = find_publication(out)
    if publication is None:
        raise SetupError(f"{out} holds a published run whose publication is gone or damaged; name another folder")
    return publication
