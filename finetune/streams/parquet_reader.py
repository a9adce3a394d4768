"""Reads rows of strangers' parquet files in a process behind walls, so that no file ends or takes over a validator.

The process is started at the first question, and again after a file has ended it. What it says is checked here.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from finetune.errors import SetupError, StreamError
from finetune.isolation.level import Level
from finetune.isolation.process import Child, launch
from finetune.streams.parquet_rows import MAX_ITEMS, MAX_TEXT_BYTES, BadRow, Columns, LocalFile, Row

ANSWER_SECONDS = 120.0  # the largest row group that is read takes a few
MEMORY_BYTES = 5 << 30  # of address space: a gibibyte for libraries, the rest for a row group on its way to a row
_MAX_LINE = 8 * MAX_TEXT_BYTES  # JSON needs at most six bytes for one
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    # Others reserve far more address space than they use.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OMP_NUM_THREADS": "1",
}


class ParquetReader:
    """One walled process, and the files that it is asked about. `close` it, or use it in a `with`."""

    def __init__(
        self,
        folder: Path,
        *,
        level: Level,
        answer_seconds: float = ANSWER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is started yet.

        Args:
            folder: where the files lie, now or later; the process can read nothing else of this machine's data.
            level: as `trial.find_level` found it.
        """
        self._folder, self._level, self._seconds, self._clock = folder, level, answer_seconds, clock
        self._child: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, if there is one."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def rows(self, file: LocalFile, columns: Columns) -> int:
        """How many rows the file has. Raises `StreamError` where it is no parquet file with these columns."""
        rows = self._ask(file, columns, None).get("rows")
        if type(rows) is not int or rows < 0:
            raise self._nonsense(file)
        return rows

    def read(self, file: LocalFile, columns: Columns, number: int) -> Row:
        """The row of that number, from 0. Raises `BadRow`, `StreamError`."""
        answer = self._ask(file, columns, number)
        if isinstance(answer.get("bad"), str):
            raise BadRow(answer["bad"][:100])
        try:
            return _row(answer, columns)
        except ValueError:
            raise self._nonsense(file) from None

    def _ask(self, file: LocalFile, columns: Columns, row: int | None) -> dict[str, Any]:
        """The answer to one question. Raises `StreamError`."""
        path = str(file.path.absolute())  # the child stands in another folder
        asked = {"path": path, "name": file.name, "row": row, **asdict(columns)}
        child = self._child = self._child or self._start()
        try:
            with suppress(BrokenPipeError):  # then its answers have ended too
                child.stdin.write(json.dumps(asked).encode() + b"\n")
            said = self._line(child, file)
            answer = json.loads(said)
        except ValueError:
            raise self._nonsense(file) from None
        except BaseException:
            self.close()
            raise
        if not isinstance(answer, dict):
            raise self._nonsense(file)
        if isinstance(answer.get("unsound"), str):
            raise StreamError(answer["unsound"][:1000])
        return answer

    def _start(self) -> Child:
        command = [sys.executable, "-P", "-m", "finetune.streams.parquet_worker", str(MEMORY_BYTES)]
        return launch(command, level=self._level, readable=[self._folder], environment=_ENVIRONMENT)

    def _line(self, child: Child, file: LocalFile) -> bytes:
        """One line from the process, within the limits."""
        said, until = bytearray(), self._clock() + self._seconds
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            while not said.endswith(b"\n"):
                if not selector.select(max(0.0, until - self._clock())):
                    raise StreamError(f"{file.name} cannot be read as parquet: it took over {self._seconds:g} seconds")
                data = os.read(child.stdout.fileno(), 1 << 20)
                if not data:
                    raise self._ended(child, file)
                said += data
                if len(said) > _MAX_LINE:
                    raise self._nonsense(file)
        return bytes(said)

    def _ended(self, child: Child, file: LocalFile) -> Exception:
        """What to say of a process that is gone: a file ended it, or it never started."""
        how = "closed its output"
        with suppress(subprocess.TimeoutExpired):
            code = child.wait(5.0)
            if code > 0:
                words = child.stderr_tail().strip().splitlines() or ["it said nothing"]
                return SetupError(f"the process that reads parquet files ended with exit code {code}: {words[-1]:.200}")
            how = f"was ended by signal {-code} ({signal.strsignal(-code)})"
        return StreamError(f"{file.name} cannot be read as parquet: the process that read it {how}")

    def _nonsense(self, file: LocalFile) -> StreamError:
        """A process that says this may do what a file told it to: it ends."""
        self.close()
        return StreamError(f"{file.name} cannot be read as parquet: the process that read it said what makes no sense")


def _row(answer: dict[str, Any], columns: Columns) -> Row:
    """The row in an answer. Raises `ValueError` for an answer that is none."""
    texts, numbers = _table(answer, "texts", columns.texts, str), _table(answer, "numbers", columns.numbers, int)
    lists, turns = _table(answer, "lists", columns.lists, list), answer.get("turns")
    if not isinstance(turns, list) or (turns and not columns.turns):
        raise ValueError("turns")
    if any(len(items) > MAX_ITEMS for items in (turns, *lists.values())):
        raise ValueError("too many items")
    if not all(isinstance(turn, list) and len(turn) == 2 for turn in turns):
        raise ValueError("a turn")
    parts = [part for items in (*lists.values(), *turns) for part in items]
    if not all(isinstance(part, str) for part in parts):
        raise ValueError("an item")
    if sum(len(part.encode()) for part in (*texts.values(), *parts)) > MAX_TEXT_BYTES:
        raise ValueError("too long")
    return Row(
        texts=texts,
        lists={name: tuple(items) for name, items in lists.items()},
        numbers=numbers,
        turns=tuple((role, text) for role, text in turns),
    )


def _table(answer: dict[str, Any], part: str, columns: tuple[str, ...], kind: type) -> dict[str, Any]:
    """A part of an answer: exactly these columns, each with a value of the kind. Raises `ValueError`."""
    found = answer.get(part)
    if not isinstance(found, dict) or set(found) != set(columns):
        raise ValueError(part)
    if not all(type(value) is kind for value in found.values()):
        raise ValueError(part)
    return found
