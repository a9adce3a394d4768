"""Subnet feed: questions and answers that another subnet's validators publish to wandb while they work.

It draws from what it is opened with, and asks nothing afterwards. The rules of what counts lie in `feed/`: which runs
(`runs.py`), which rows of them (`history.py`), which records in these (`records.py`).

Every validator must draw the same samples, though each reads wandb at another moment. So a row counts by its own time
alone, which the publisher's wandb library stamps on it: from the window's start on, and at least `settle_minutes`
before its end, for an honest publisher's rows may take minutes to arrive. No row that arrives in time is missed by
anybody. A row that arrives later still, or is stamped falsely, may be seen by some validators only; therefore a seed
does not pick the record at some index, which one record more would shift, but the one whose hash with the seed is
smallest: k records that only some see, among n, change about k draws of n. What a publisher with enough stake makes
up on purpose cannot be told from its honest rows: `min_stake` is how far publishers are trusted, and reports carry
the samples' digest, by which validators that drew otherwise are found.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from finetune.errors import SetupError, StreamError
from finetune.streams.feed.cache import FeedCache, Kept
from finetune.streams.feed.history import Allowance, rows_between
from finetune.streams.feed.options import check_options
from finetune.streams.feed.records import Columns, Record, one_per_question, records_of
from finetune.streams.feed.runs import Publishers, judge_run
from finetune.streams.feed.wandb_api import WandbApi
from finetune.streams.sample import Message, Sample
from finetune.streams.sources import Sources, Window

MOST_RECORDS = 5_000  # to draw from; of more, those with the smallest document hashes


@dataclass(frozen=True, kw_only=True)
class SubnetFeed:
    """Draws any record with the same chance. `skipped` says how many runs, rows and records did not count, and why."""

    records: tuple[Record, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)

    def draw(self, seed: bytes) -> Sample:
        """The sample of one 32-byte seed: the question as the user's message, its answer as the reference.

        The record is the one for which SHA-256(seed || document) is smallest, known as rendezvous hashing (Thaler and
        Ravishankar, 1998). `document` is the SHA-256 of the question.
        """
        if not self.records:
            raise StreamError("stream subnet_feed has no records")
        document, record = min(self._by_document, key=lambda one: hashlib.sha256(seed + one[0]).digest())
        message = Message(role="user", content=record.question)
        return Sample(messages=(message,), reference=record.answer, document=document.hex())

    @cached_property
    def _by_document(self) -> list[tuple[bytes, Record]]:
        return [(_document(one), one) for one in self.records]


def open_subnet_feed(
    *,
    project: str,
    netuid: int,
    min_stake: float,
    signed: Literal["required", "if_present"] = "required",
    question: str = "prompts",
    answer: str = "responses",
    score: str = "scores",
    time: str = "_timestamp",
    where: Mapping[str, str] | None = None,
    min_score: float | None = None,
    max_bytes: int = 4096,
    settle_minutes: int = 10,
    run_days: int = 7,
    min_records: int = 100,
    window: Window,
    sources: Sources,
) -> SubnetFeed:
    """Read the feed of one window, or take it from the folder where it was kept.

    Args:
        project: the wandb project, as entity/name.
        netuid: of the subnet whose validators publish.
        min_stake: what a publishing hotkey must have on that subnet at the sync block, in alpha.
        signed: whether every run must be signed by its hotkey, or only may not be signed wrongly.
        question: the path of the column that holds it; see `feed/records.py` for paths.
        answer: likewise.
        score: likewise, of how good the answer is; of several answers to a question in one row the best counts. Empty
            where the feed has no scores.
        time: likewise, of the time in Unix seconds or ISO 8601. wandb itself stamps `_timestamp` on every row.
        where: text by column path; rows that hold anything else there do not count.
        min_score: answers scored lower do not count.
        max_bytes: of UTF-8, in a question and in an answer; longer ones do not count.
        settle_minutes: rows younger than this at the window's end do not count.
        run_days: runs created earlier than this before the window's start do not count.
        min_records: fewer are no feed.
        window: the time that the round may draw from.
        sources: needs `feeds`.

    Raises:
        SetupError: an option has a value that is not allowed, no stakes are given, or the folder cannot be written.
        StreamError: wandb did not answer as it should, or there are too few records.
        ChainError: whatever `sources.feeds.stakes` raises.
    """
    options = {name: value for name, value in locals().items() if name not in ("window", "sources")}
    check_options(options)
    access = sources.feeds
    if access is None:
        raise SetupError("stream subnet_feed needs the stakes of other subnets, and nothing here looks them up")
    start, end = window.start, window.end - 60 * settle_minutes
    if end <= start:
        raise SetupError(
            f"stream subnet_feed: a window of {window.end - window.start:g} s leaves nothing once {settle_minutes} "
            "minutes have settled; settle_minutes must be lower, or the competition's eval_delay higher"
        )
    feed = json.dumps({**options, "where": dict(where or {}), "endpoint": access.endpoint}, sort_keys=True)
    cache = FeedCache(access.folder / "subnet_feed", feed, f"{start!r} {window.end!r}")
    kept = cache.read()
    if kept is None:
        publishers = Publishers(
            netuid=netuid, min_stake=min_stake, signed=signed, stakes=access.stakes(netuid, window.block)
        )
        columns = Columns(
            question=question,
            answer=answer,
            score=score,
            time=time,
            where=dict(where or {}),
            min_score=min_score,
            max_bytes=max_bytes,
        )
        with WandbApi(access, project) as api:
            kept = read_feed(api, publishers, columns, Window(start=start, end=end), run_days)
        cache.write(*kept)
    records, skipped = kept
    left_out = ", ".join(f"{count} {reason}" for reason, count in sorted(skipped.items())) or "none"
    told = f"stream subnet_feed: {project} has {len(records)} records for this round; left out: {left_out}"
    if len(records) < min_records:
        raise StreamError(f"{told}; min_records is {min_records}")
    sources.say(told)
    return SubnetFeed(records=tuple(records), skipped=skipped)


def read_feed(api: WandbApi, publishers: Publishers, columns: Columns, span: Window, run_days: int) -> Kept:
    """All records whose rows are stamped within `span`, and what was left out, by reason. Raises `StreamError`."""
    skipped: Counter[str] = Counter()
    allowances: dict[str, Allowance] = defaultdict(Allowance)
    records: list[Record] = []
    for node in api.runs(span.start - 86_400 * run_days, span.end):
        run = judge_run(node, publishers, span.start)
        if isinstance(run, str):
            skipped[run] += 1
            continue
        for row in rows_between(api, run, columns, span.start, span.end, allowances[run.hotkey], skipped):
            records += records_of(row, run.id, columns, skipped)
    found = sorted(one_per_question(records, skipped), key=_document)
    if len(found) > MOST_RECORDS:
        skipped["beyond"] = len(found) - MOST_RECORDS
    return found[:MOST_RECORDS], dict(skipped)


def _document(record: Record) -> bytes:
    return hashlib.sha256(record.question.encode()).digest()
