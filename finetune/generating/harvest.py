"""Harvest: the rows that a run's answers give, in the run's own order, without duplicates. It asks nobody."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.errors import SetupError
from finetune.files import write_atomically
from finetune.generating.answers import Answers, Inquiry
from finetune.generating.asking import Plan
from finetune.generating.checks import Unfit
from finetune.generating.duplicates import Seen
from finetune.generating.kinds import Kind, Row

NAME = "rows.jsonl"
DUPLICATE = "a duplicate"
SECRET = "the endpoint's key in a text"


@dataclass(frozen=True, kw_only=True)
class Harvest:
    """The rows, and how many answers gave none, by reason."""

    rows: tuple[Row, ...]
    rejected: Mapping[str, int]


def harvest(plan: Plan, answers: Answers, seen: Seen, is_secret: Callable[[str], bool]) -> Harvest:
    """Judge every answer; of an answer's attempts the first that is fit counts.

    The same answers give the same rows, whenever and in whatever order they came. Rows like those in `seen` are left
    out, and those with a text that `is_secret`.
    """
    rows: list[Row] = []
    rejected: Counter[str] = Counter()
    for section, number in plan.rows():
        for attempt in range(plan.attempts):
            inquiry = Inquiry(section=section, row=number, attempt=attempt)
            if inquiry not in answers.texts:
                break
            try:
                row = plan.row_of(inquiry, answers.texts[inquiry])
            except Unfit as reason:
                rejected[str(reason)] += 1
                continue
            if any(is_secret(text) for text in _texts(row)):
                rejected[SECRET] += 1
            elif seen.add(plan.kind.gist(row)):
                rows.append(row)
            else:
                rejected[DUPLICATE] += 1
            break
    return Harvest(rows=tuple(rows), rejected=dict(rejected))


def _texts(value: Any) -> Iterator[str]:
    """All texts in a row, as they will be read: an escape in a model's JSON hides nothing here."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def seen_in(kind: Kind, earlier: Iterable[Path], out: Path) -> Seen:
    """What earlier runs have: files of rows, or folders with one; those without, and `out` itself, are passed over.

    Raises `SetupError` for a path that is not there, and a file that does not hold rows of this kind.
    """
    seen = Seen()
    for path in earlier:
        if not path.exists():
            raise SetupError(f"{path} is not there; --earlier names files of rows, or folders of earlier runs")
        file = path / NAME if path.is_dir() else path
        if file.exists() and file.parent.resolve() != out.resolve():
            for gist in _gists(kind, file):
                seen.add(gist)
    return seen


def _gists(kind: Kind, file: Path) -> Iterator[str]:
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield kind.gist(json.loads(line))
                except (ValueError, LookupError, TypeError, RecursionError):
                    raise SetupError(f"{file} line {number} is no row of {kind.name}") from None
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}") from error


def rows_bytes(rows: Iterable[Row]) -> bytes:
    """The rows as JSON lines."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def write_rows(out: Path, rows: Iterable[Row]) -> None:
    """Write the rows into the run's folder in one step. Raises `SetupError`."""
    write_atomically(out / NAME, rows_bytes(rows))
