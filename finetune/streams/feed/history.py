"""The rows of a run within a span of time, read from its newest step backwards. It judges no row's content."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from finetune.streams.feed.records import Columns, Row, parse_row
from finetune.streams.feed.runs import FeedRun
from finetune.streams.feed.wandb_api import TooMuch, WandbApi

STEPS_PER_PAGE = 100


@dataclass(kw_only=True)
class Allowance:
    """How much may still be read of one publisher, so that none of them can use up what is there for all."""

    pages: int = 100
    bytes: int = 64 << 20


def rows_between(
    api: WandbApi, run: FeedRun, columns: Columns, start: float, end: float, allowance: Allowance, skipped: Counter[str]
) -> list[Row]:
    """The run's rows whose own times lie within [start, end), in Unix seconds. What does not count is in `skipped`.

    Pages begin at multiples of `STEPS_PER_PAGE`, whatever the newest step is, and the first one with nothing but older
    rows is the last one read: so a validator that reads later, when the run has grown, reads the same rows.
    Of a run that takes more than the allowance, no row counts: it is "too_long".
    """
    found: list[Row] = []
    faults: Counter[str] = Counter()
    try:
        for texts in _pages(api, run, allowance):
            times = []
            for row in (parse_row(text, columns) for text in texts):
                if isinstance(row, str):
                    faults[row] += 1
                    continue
                times.append(row.time)
                if start <= row.time < end:
                    found.append(row)
                else:
                    faults["outside"] += 1
            if times and max(times) < start:
                break
    except TooMuch:
        skipped["too_long"] += 1
        return []
    skipped.update(faults)
    return found


def _pages(api: WandbApi, run: FeedRun, allowance: Allowance) -> Iterator[list[object]]:
    """The run's rows a page at a time, the newest page first. Raises `TooMuch` once the allowance is used up."""
    before, last = api.taken, api.last_step(run.id)
    for first in range(last - last % STEPS_PER_PAGE, -1, -STEPS_PER_PAGE):
        if allowance.pages <= 0 or allowance.bytes <= 0:
            raise TooMuch(f"run {run.id} takes more than one publisher may")
        allowance.pages -= 1
        try:
            rows = api.rows(run.id, first, first + STEPS_PER_PAGE)
        finally:
            allowance.bytes -= api.taken - before
            before = api.taken
        yield rows
