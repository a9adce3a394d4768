"""Asking: the inquiries of a run, several at a time, until all are answered, the budget is spent or it is stopped.

Which inquiries there are, their order and their seeds follow from the settings alone. A reply that gives no row is
followed by another attempt; an inquiry that failed is left for the next session.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from finetune.errors import FinetuneError
from finetune.generating.answers import Answers, Inquiry, Settings
from finetune.generating.budget import BUDGET_SPENT
from finetune.generating.chat import TEMPERATURE, Answer
from finetune.generating.checks import Unfit
from finetune.generating.kinds import Kind, Row, row_of
from finetune.generating.progress import Progress
from finetune.generating.sections import Section, sections_digest
from finetune.streams.draws import Draws

FAILURES_IN_A_ROW = 10  # after so many the endpoint is taken to be down
STOPPED = "stopped"
MOST_INQUIRIES = 100_000  # of a run: all answers are held in memory


class Asks(Protocol):
    """What answers an inquiry; `Chat` does."""

    async def ask(self, messages: Sequence[dict[str, str]], *, seed: int) -> Answer:
        """The answer. Raises `SetupError`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run asks for: `per_section` rows of one kind from each section, in `attempts` attempts at most each."""

    kind: Kind
    sections: tuple[Section, ...]
    model: str
    seed: int
    per_section: int
    attempts: int
    max_tokens: int

    @property
    def total(self) -> int:
        """How many rows are asked for."""
        return len(self.sections) * self.per_section

    def settings(self) -> Settings:
        """All that decides what is asked: a run is gone on with only under the same."""
        return {
            "kind": self.kind.name,
            "model": self.model,
            "seed": self.seed,
            "per_section": self.per_section,
            "attempts": self.attempts,
            "max_tokens": self.max_tokens,
            "temperature": TEMPERATURE,
            "sections": sections_digest(self.sections),
            # The first prompt stands for all: other wordings in another version of this program are another run.
            "prompt": hashlib.sha256(repr(self.messages(next(self.first_inquiries()))).encode()).hexdigest(),
        }

    def rows(self) -> Iterator[tuple[int, int]]:
        """Section and number of every row: all sections once before any is asked again."""
        return ((section, row) for row in range(self.per_section) for section in range(len(self.sections)))

    def first_inquiries(self) -> Iterator[Inquiry]:
        """The first attempt at every row."""
        return (Inquiry(section=section, row=row, attempt=0) for section, row in self.rows())

    def draws(self, inquiry: Inquiry, purpose: str) -> Draws:
        """The choices that belong to one inquiry."""
        section = self.sections[inquiry.section].digest.hex()
        words = (purpose, str(self.seed), section, str(inquiry.row), str(inquiry.attempt))
        return Draws(hashlib.sha256("\0".join(words).encode()).digest())

    def messages(self, inquiry: Inquiry) -> list[dict[str, str]]:
        """The prompt of one inquiry."""
        request = self.kind.request(self.sections[inquiry.section], self.draws(inquiry, "request"))
        return [{"role": "system", "content": self.kind.system}, {"role": "user", "content": request}]

    def request_seed(self, inquiry: Inquiry) -> int:
        """The seed that is sent with it."""
        return self.draws(inquiry, "seed").below(2**31)

    def row_of(self, inquiry: Inquiry, text: str) -> Row:
        """The row that the answer gives. Raises `Unfit`."""
        return row_of(self.kind, text, self.sections[inquiry.section], self.draws(inquiry, "row"))


def chosen(sections: Sequence[Section], seed: int, most: int | None) -> tuple[Section, ...]:
    """`most` of the sections, or all, in an order drawn from the seed."""
    draws = Draws(hashlib.sha256(f"sections\0{seed}".encode()).digest())
    return tuple(draws.distinct(sections, min(len(sections), most or len(sections))))


async def ask_all(
    plan: Plan, answers: Answers, chat: Asks, progress: Progress, *, workers: int, stopped: Callable[[], bool]
) -> str:
    """Ask what has no answer yet, `workers` inquiries at a time; returns why it ended early, or nothing.

    Answers under way when it stops are waited for and written down, for they are paid for. Raises `FinetuneError` for
    an endpoint that cannot be used and a file that cannot be written.
    """
    asking = _Asking(plan, answers, chat, progress, stopped)
    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(asking.work())
    if asking.fault is not None:
        raise asking.fault
    return asking.ended


class _Asking:
    """What the workers of one session share."""

    def __init__(
        self, plan: Plan, answers: Answers, chat: Asks, progress: Progress, stopped: Callable[[], bool]
    ) -> None:
        self.ended = ""
        self.fault: FinetuneError | None = None
        self._plan, self._answers, self._chat, self._progress = plan, answers, chat, progress
        self._stopped = stopped
        self._rows = plan.rows()
        self._failures = 0

    async def work(self) -> None:
        """Take one row after the other until there are none, or the session ends."""
        try:
            for section, row in self._rows:
                if self._over():
                    return
                await self._ask_for(section, row)
        except FinetuneError as error:
            self.fault = self.fault or error

    def _over(self) -> bool:
        if self._stopped():
            self.ended = STOPPED
        return bool(self.ended) or self.fault is not None

    async def _ask_for(self, section: int, row: int) -> None:
        """Ask until one attempt gives the row."""
        asked = False
        for attempt in range(self._plan.attempts):
            inquiry = Inquiry(section=section, row=row, attempt=attempt)
            if inquiry not in self._answers.texts:
                if self._over() or not await self._ask(inquiry):
                    return
                asked = True
            try:
                self._plan.row_of(inquiry, self._answers.texts[inquiry])
            except Unfit as reason:
                self._progress.rejected[str(reason)] += 1
                continue
            self._progress.finished(row=True, asked=asked)
            return
        self._progress.finished(row=False, asked=asked)

    async def _ask(self, inquiry: Inquiry) -> bool:
        """Ask one inquiry and write down what it came to; whether that is a text."""
        seed = self._plan.request_seed(inquiry)
        answer = await self._chat.ask(self._plan.messages(inquiry), seed=seed)
        if answer.spent.requests:
            self._answers.add(inquiry, seed, answer)
        if answer.text is not None:
            self._failures = 0
            return True
        self._failures += 1
        self._progress.rejected[f"no answer: {answer.failure}"] += 1
        if answer.failure == BUDGET_SPENT:
            self.ended = BUDGET_SPENT
        elif self._failures >= FAILURES_IN_A_ROW:
            self.ended = f"{self._failures} inquiries in a row have failed, the last with {answer.failure}"
        return False
