"""Reads the reports that lie below folders, whoever put them there, and reads again only what has changed."""

from collections.abc import Sequence
from pathlib import Path

from finetune.board.record import Account, Unreadable, read_file
from finetune.board.sifting import LeftOut, Reading, understand
from finetune.errors import SetupError

_Stamp = tuple[int, int]  # when a file was last written, in nanoseconds, and its size in bytes


class ReportFolders:
    """All reports below some folders: a validator's own, or those of many, each in a folder of its own.

    A folder that holds a folder `reports`, as a validator's and a rehearsal's do, stands for that one.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        """Nothing is read yet. Raises `SetupError` where a folder is not there."""
        for folder in folders:
            if not folder.is_dir():
                raise SetupError(f"{folder}: there is no such folder; give one with reports (*.json) in it")
        self._folders = [folder / "reports" if (folder / "reports").is_dir() else folder for folder in folders]
        self._known: dict[Path, tuple[_Stamp, Reading]] = {}

    def read(self) -> bool:
        """Read what is new or has changed, forget what is gone; returns whether there was any of that."""
        stamps = {path: _stamp(path) for folder in self._folders for path in folder.rglob("*.json")}
        changed = {path: stamp for path, stamp in stamps.items() if self._known.get(path, (None,))[0] != stamp}
        gone = self._known.keys() - stamps.keys()
        for path in gone:
            del self._known[path]
        for path, stamp in changed.items():
            self._known[path] = (stamp, _read(path))
        return bool(changed or gone)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """What every file tells, in the order of their paths."""
        return tuple(self._known[path][1] for path in sorted(self._known))

    @property
    def files(self) -> dict[tuple[str, int], Path]:
        """The file of every report that can be read, by its validator and round."""
        told = ((path, self._known[path][1]) for path in sorted(self._known))
        return {(one.validator, one.record.sync): path for path, one in told if isinstance(one, Account)}


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _read(path: Path) -> Reading:
    """What one file tells."""
    try:
        report = read_file(path)
    except Unreadable as error:
        return LeftOut(claims=path.name, why=str(error))
    if not isinstance(report, dict):
        return LeftOut(claims=path.name, why="is no report: allowed is a table with record, hotkey and signature")
    return understand(report)
