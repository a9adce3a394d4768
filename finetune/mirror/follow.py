"""Follows a validator's report folder and brings every round to wandb, once. It knows no process and no clock.

What wandb has, wandb says: a run is opened, the rounds that it lacks are logged, and it counts as complete when it is
opened again and lacks none. So nothing is lost or logged twice, whoever is killed in between. All that is kept here is
the last round of the last full run.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, Self

from finetune.board.record import Account, Unreadable, read_report
from finetune.files import write_atomically
from finetune.hub.strict_json import parse_object
from finetune.mirror.figures import row_of

# Five days of rounds of 360 blocks. Readers of a run page through all of its rows.
ROUNDS_PER_RUN = 100

REPORT = re.compile(r"([0-9]{9,18})-[0-9]{1,18}\.json")


class OpenRun(Protocol):
    """A run inside a `with` block, as `finetune.mirror.run.Run` is one."""

    first_step: int
    url: str

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: Any) -> None: ...

    def log(self, step: int, row: Mapping[str, Any]) -> None:
        """Hand over one row."""
        ...


MakeRun = Callable[[str, str, Mapping[str, Any]], OpenRun]


class Follower:
    """Brings the reports of one hotkey to wandb."""

    def __init__(
        self,
        folder: Path,
        cursor: Path,
        *,
        hotkey: str,
        config: Mapping[str, Any],
        make_run: MakeRun,
        say: Callable[[str], None],
    ) -> None:
        """`make_run` takes a run's id, name and config; `config` goes into every run."""
        self.folder, self.cursor = folder, cursor
        self.hotkey, self.config, self.make_run, self.say = hotkey, config, make_run, say
        self._arrived: list[str] = []
        self._passed_over: set[str] = set()
        self._url = ""

    def catch_up(self) -> None:
        """Log what the run in hand lacks, or see that it lacks nothing. Raises `MirrorUnavailable`, `OSError`."""
        names = self._waiting()
        if not names or names == self._arrived:
            return
        found = self._read(names[0])
        if found is None:
            return
        with self._run(found[1], self._written(names[0])) as run:
            missing = [name for name in names if _sync(name) >= run.first_step]
            for name in missing:
                self._log(run, name)
            if run.url != self._url:
                self.say(f"rounds go to {run.url}")
                self._url = run.url
        if not missing:
            self._arrived = names
        if not missing and len(names) == ROUNDS_PER_RUN:
            write_atomically(self.cursor, names[-1].encode())

    def _waiting(self) -> list[str]:
        """The names of the reports that belong to the run in hand, oldest first."""
        names = {path.name for path in self.folder.iterdir() if REPORT.fullmatch(path.name)} - self._passed_over
        last = self._last(names)
        return sorted((name for name in names if _sync(name) > last), key=_sync)[:ROUNDS_PER_RUN]

    def _last(self, names: Iterable[str]) -> int:
        """The sync block of the last round of the last full run; a damaged cursor is mended, and that is said."""
        try:
            text = self.cursor.read_bytes().decode("ascii", "replace")
        except FileNotFoundError:
            return 0
        if REPORT.fullmatch(text):
            return _sync(text)
        # All rounds from the start would go to wandb again, into other runs than those that have them.
        last = max(map(_sync, names), default=1) - 1
        write_atomically(self.cursor, f"{last:09d}-0.json".encode())
        self.say(f"{self.cursor} did not hold the name of a report; rounds go to wandb from the newest report on")
        return last

    def _run(self, first: Account, written: float) -> OpenRun:
        """The run that begins with this round."""
        uid = first.record.uids.get(self.hotkey)
        began = datetime.fromtimestamp(written, UTC).strftime("%Y-%m-%d_%H-%M-%S")
        named = {"uid": uid, "hotkey": self.hotkey, "run_name": began, "type": "validator"}
        return self.make_run(f"{self.hotkey}-{first.record.sync}", f"validator-{uid}-{began}", {**named, **self.config})

    def _log(self, run: OpenRun, name: str) -> None:
        found = self._read(name)
        if found is None:
            return
        row = row_of(*found, written=self._written(name))
        if "original_format_json" not in row:
            self.say(f"{name} is larger than wandb takes: its figures go there, the report itself does not")
        run.log(_sync(name), row)

    def _read(self, name: str) -> tuple[Mapping[str, Any], Account] | None:
        """A report; none where it is not one of ours, which is said once."""
        try:
            report = parse_object((self.folder / name).read_bytes())
            account = read_report(report)
            if account.validator != self.hotkey:
                raise Unreadable(f"it is signed by {account.validator}")
        except (OSError, ValueError) as error:
            self._passed_over.add(name)
            self.say(f"{name} does not go to wandb: {error}")
            return None
        return report, account

    def _written(self, name: str) -> float:
        return (self.folder / name).stat().st_mtime


def _sync(name: str) -> int:
    found = REPORT.fullmatch(name)
    assert found is not None
    return int(found[1])
