"""Brings a validator's reports to a dataset repository, each once. It knows no process and no clock.

What the repository holds, the hub says: so nothing is lost or sent twice, whoever is killed in between, and a validator
that has lost its own reports leaves those that are there alone.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from finetune.board.record import Unreadable, read_report
from finetune.hub.strict_json import parse_object
from finetune.mirror.follow import REPORT

REPORTS_PER_COMMIT = 50


class Place(Protocol):
    """Where reports go, as `finetune.mirror.dataset.ReportDataset` is one."""

    repository: str

    def held(self) -> set[str]:
        """The names of the reports that are there."""
        ...

    def add(self, files: Mapping[str, Path], message: str) -> None:
        """Add the files by their names."""
        ...


class Archive:
    """Brings the reports of one hotkey there."""

    def __init__(self, folder: Path, place: Place, *, hotkey: str, say: Callable[[str], None]) -> None:
        """`folder` is the report folder; `say` takes what happens, one line each."""
        self.folder, self.place, self.hotkey, self.say = folder, place, hotkey, say
        self._done: set[str] = set()
        self._told = False

    def catch_up(self) -> None:
        """Send what the repository lacks. Raises `HubError`, `OSError`."""
        if not self._waiting():
            return
        self._done |= self.place.held()
        while waiting := self._waiting():
            files = {name: self.folder / name for name in waiting[:REPORTS_PER_COMMIT] if self._is_ours(name)}
            if files:
                self.place.add(files, f"{len(files)} reports" if len(files) > 1 else f"Report {next(iter(files))}")
            self._done |= {*waiting[:REPORTS_PER_COMMIT]}
        if not self._told:
            self.say(f"reports go to {self.place.repository}")
            self._told = True

    def _waiting(self) -> list[str]:
        """The names of reports that are not there yet, oldest first."""
        return sorted({path.name for path in self.folder.iterdir() if REPORT.fullmatch(path.name)} - self._done)

    def _is_ours(self, name: str) -> bool:
        """Whether the file is a report that our hotkey signed; one that is not is told of once."""
        try:
            account = read_report(parse_object((self.folder / name).read_bytes()))
            if account.validator != self.hotkey:
                raise Unreadable(f"it is signed by {account.validator}")
        except (OSError, ValueError) as error:
            self.say(f"{name} is not published: {error}")
            return False
        return True
