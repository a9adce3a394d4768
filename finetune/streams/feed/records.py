"""From a run's row to records: a question with its answer, in plain text that imitates no chat template.

A row is a JSON object. Columns are named by paths: `prompts`, or `original_format_json.prompts` for a key inside a
table or inside a text that holds JSON. Question, answer and score are each one value, or a table (or list) of values
by miner; of several tables, those entries go together that have the same key, and a single value goes with each.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from finetune.hub.strict_json import parse_object
from finetune.streams.feed.times import unix_seconds
from finetune.streams.row_text import has_control, imitates_template

_WORST_SCORE = 1e9  # either way; a whole number in JSON may be too large for a float


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where a row holds what. No `score` is read where its path is empty; `where` are texts that columns must hold."""

    question: str
    answer: str
    score: str
    time: str
    where: Mapping[str, str] = field(default_factory=dict)
    min_score: float | None = None
    max_bytes: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row that could be read. `time` is in Unix seconds."""

    step: int
    time: float
    values: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Record:
    """A question with its answer, and where it was published. `time` is in Unix seconds."""

    time: float
    run: str
    step: int
    score: float
    question: str
    answer: str


def parse_row(text: object, columns: Columns) -> Row | str:
    """The row in one JSON text, or in one word why it does not count."""
    try:
        values = parse_object(text.encode()) if isinstance(text, str) else {}
        step, time = values.get("_step"), unix_seconds(_find(values, columns.time))
    except ValueError:
        return "bad_row"
    if type(step) is not int or step < 0:
        return "bad_row"
    return "bad_time" if time is None else Row(step=step, time=time, values=values)


def records_of(row: Row, run: str, columns: Columns, skipped: Counter[str]) -> Iterator[Record]:
    """The records of a row. Why other ones do not count is counted in `skipped`."""
    try:
        held = {path: _find(row.values, path) for path in columns.where}
        questions = _by_miner(_find(row.values, columns.question))
        answers = _by_miner(_find(row.values, columns.answer))
        scores = _by_miner(_find(row.values, columns.score) if columns.score else 0.0)
    except ValueError:
        skipped["bad_row"] += 1
        return
    if held != columns.where:
        skipped["elsewhere"] += 1
        return
    for miner in sorted({*questions, *answers} - {""} or {""}):
        question, answer, score = (_entry(table, miner) for table in (questions, answers, scores))
        fault = _text_fault(question, columns.max_bytes) or _text_fault(answer, columns.max_bytes)
        if not fault and not _enough(score, columns.min_score):
            fault = "low_score"
        if fault:
            skipped[fault] += 1
            continue
        yield Record(
            time=row.time, run=run, step=row.step, score=score, question=question.strip(), answer=answer.strip()
        )


def one_per_question(records: list[Record], skipped: Counter[str]) -> list[Record]:
    """The first record of every question, by time, run, step, and then the better score."""
    found: dict[str, Record] = {}
    for one in sorted(records, key=lambda one: (one.time, one.run, one.step, -one.score, one.answer)):
        if found.setdefault(one.question, one) is not one:
            skipped["duplicate"] += 1
    return list(found.values())


def _find(values: Any, path: str) -> Any:
    """What lies at the path, or None. Raises `ValueError` where a text on the way is no JSON object."""
    for key in path.split("."):
        if isinstance(values, str):
            values = parse_object(values.encode())
        values = values.get(key) if isinstance(values, dict) else None
    return values


def _by_miner(value: Any) -> dict[str, Any]:
    """A table of values by miner; a single value lies under no name."""
    if isinstance(value, list):
        value = {str(i): one for i, one in enumerate(value)}
    return value if isinstance(value, dict) else {"": value}


def _entry(table: Mapping[str, Any], miner: str) -> Any:
    return table.get(miner, table.get(""))


def _text_fault(text: Any, max_bytes: int) -> str | None:
    if not isinstance(text, str) or not text.strip():
        return "no_text"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "bad_characters"
    if size > max_bytes:
        return "too_large"
    if has_control(text):
        return "bad_characters"
    return "imitates_template" if imitates_template(text) else None


def _enough(score: Any, least: float | None) -> bool:
    if isinstance(score, bool) or not isinstance(score, int | float) or not abs(score) < _WORST_SCORE:
        return False
    return least is None or score >= least
