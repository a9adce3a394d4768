"""Answers: the one file of a run. Its first line says what is asked, each further one what one inquiry came to.

It is only ever appended to, and each line is on the disk before the next inquiry is counted as done. So a run can be
killed at any time: a half-written last line is dropped, and no answered inquiry is asked again. Rows are not kept
here; they follow from the answers.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from finetune.errors import SetupError
from finetune.generating.budget import Spent
from finetune.generating.chat import Answer

NAME = "answers.jsonl"

Settings = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, order=True)
class Inquiry:
    """The section's place in the run's order, which of its rows, and which attempt at that row; all from 0."""

    section: int
    row: int
    attempt: int


class Answers:
    """The answers of one run. Use it as a context manager: it is locked until closed."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        """Open the folder's run, or begin one.

        Raises `SetupError` where the folder cannot be used, holds a run of other settings or other files, or is in use.
        """
        self.path = folder / NAME
        self.texts: dict[Inquiry, str] = {}
        self.spent = Spent()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not self.path.exists() and any(folder.iterdir()):
                raise SetupError(f"{folder} holds other files; name an empty folder with --out")
            self._file = self.path.open("a+b")
        except OSError as error:
            raise SetupError(f"{folder} cannot be used: {error.strerror}; name another folder with --out") from error
        try:
            self._lock()
            self._load(settings)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, inquiry: Inquiry, seed: int, answer: Answer) -> None:
        """Write down what an inquiry came to; one without a text only for what it cost. Raises `SetupError`."""
        line = asdict(inquiry) | {"seed": seed, "text": answer.text, "failure": answer.failure} | asdict(answer.spent)
        self._append(line)
        self._take(inquiry, answer)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError(f"another process writes to {self.path}; name another folder with --out") from None

    def _load(self, settings: Settings) -> None:
        self._file.seek(0)
        data = self._file.read()
        whole = data.rfind(b"\n") + 1
        self._file.truncate(whole)
        lines = data[:whole].splitlines()
        if not lines:
            self._append({"settings": settings})
            return
        for number, line in enumerate(lines, start=1):
            try:
                found = json.loads(line)
                if number == 1:
                    _check_settings(found["settings"], settings, self.path)
                    continue
                inquiry = Inquiry(section=found["section"], row=found["row"], attempt=found["attempt"])
                spent = Spent(**{name: found[name] for name in asdict(Spent())})
                self._take(inquiry, Answer(text=found["text"], failure=found["failure"], spent=spent))
            except (ValueError, LookupError, TypeError) as error:
                raise SetupError(f"{self.path} line {number} is damaged; name another folder with --out") from error

    def _take(self, inquiry: Inquiry, answer: Answer) -> None:
        self.spent += answer.spent
        if answer.text is not None:
            self.texts[inquiry] = answer.text

    def _append(self, line: Mapping[str, Any]) -> None:
        end = self._file.seek(0, os.SEEK_END)
        try:
            self._file.write(json.dumps(line).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(end)
            raise SetupError(f"{self.path} cannot be written: {error.strerror}") from error


def _check_settings(there: Settings, ours: Settings, path: Path) -> None:
    """Raises `SetupError` with the first setting that differs."""
    for name, value in ours.items():
        if there.get(name) != value:
            raise SetupError(
                f"{path.parent} holds a run of another {name} ({there.get(name)!r:.70}; now {value!r:.70}); "
                "give the same settings to go on with it, or another folder with --out"
            )
