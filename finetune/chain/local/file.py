"""The file of a local chain: its schema, its making and opening, its transactions, and what SQLite's errors mean.

It knows nothing of the rules of the chain. Every table but `chain` and `bonds` only ever grows, and each row carries
the block from which it counts: so what stood at a block can be read for ever and never changes.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from finetune.errors import ChainError, ChainUnavailable, SetupError

APPLICATION_ID = 0x46544C43  # "FTLC", in the header of the file
SCHEMA_VERSION = 1
BUSY_SECONDS = 30.0  # how long a call waits for another process; the epochs of many missed days run within it

_SCHEMA = """
CREATE TABLE chain (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seed BLOB NOT NULL, settings TEXT NOT NULL, owner_hotkey TEXT, genesis_time REAL NOT NULL, newest INTEGER NOT NULL
) STRICT;
-- The tenancy of a uid. Whatever belongs to a tenant names the registration, so the next tenant inherits nothing.
CREATE TABLE registrations (
    id INTEGER PRIMARY KEY,
    block INTEGER NOT NULL, uid INTEGER NOT NULL, hotkey TEXT NOT NULL, coldkey TEXT NOT NULL
) STRICT;
CREATE INDEX registrations_of_hotkey ON registrations (hotkey);
CREATE TABLE commitments (
    id INTEGER PRIMARY KEY,
    block INTEGER NOT NULL, registration INTEGER NOT NULL REFERENCES registrations, data BLOB NOT NULL
) STRICT;
CREATE INDEX commitments_of_registration ON commitments (registration, block);
-- `applies` is the block of the reveal; `targets` is JSON, from a registration's id to a weight of 1 to 65535.
CREATE TABLE weights (
    id INTEGER PRIMARY KEY,
    block INTEGER NOT NULL, applies INTEGER NOT NULL, registration INTEGER NOT NULL REFERENCES registrations,
    targets TEXT NOT NULL, version_key INTEGER NOT NULL
) STRICT;
CREATE INDEX weights_of_registration ON weights (registration, block);
-- `amount` is in rao, below 0 where stake was taken away; `cause` says who moved it or what it was paid for.
CREATE TABLE stake_moves (
    id INTEGER PRIMARY KEY,
    block INTEGER NOT NULL, hotkey TEXT NOT NULL, coldkey TEXT NOT NULL, amount INTEGER NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('stake', 'incentive', 'dividends', 'take', 'owner'))
) STRICT;
CREATE TABLE results (
    block INTEGER NOT NULL, registration INTEGER NOT NULL REFERENCES registrations, permit INTEGER NOT NULL,
    incentive REAL NOT NULL, dividends REAL NOT NULL, consensus REAL NOT NULL, validator_trust REAL NOT NULL,
    PRIMARY KEY (block, registration)
) STRICT, WITHOUT ROWID;
-- Of the last epoch only: the next one starts from them, and no block shows them. `shares` is JSON, from a miner's
-- registration to the validator's share of the bonds on it.
CREATE TABLE bonds (
    validator INTEGER PRIMARY KEY REFERENCES registrations, shares TEXT NOT NULL
) STRICT;
"""

_MENDABLE = {
    sqlite3.SQLITE_FULL: "there is no room left on its disk",
    sqlite3.SQLITE_READONLY: "it may not be written",
    sqlite3.SQLITE_PERM: "it may not be opened",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_IOERR: "its disk reported an error",
    sqlite3.SQLITE_NOTADB: "it is not the file of a local chain",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
}


class LocalFile:
    """An open file of a local chain: one connection, for the thread that opened it."""

    def __init__(self, path: Path) -> None:
        """Open an existing file. Raises `SetupError`, or `ChainUnavailable` while another process holds it."""
        self.path = path
        if not path.is_file():
            raise SetupError(f"there is no local chain at {path}; make one first")
        with _errors(path):
            self._db = _connect(path)
            try:
                self._check_kind()
                self._db.execute("PRAGMA foreign_keys = ON")
            except BaseException:
                self._db.close()
                raise

    @staticmethod
    def create(path: Path, *, seed: bytes, settings: str, owner_hotkey: str | None, genesis_time: float) -> None:
        """Make the file of a chain at block 0, whole or not at all. Raises `SetupError`, also where one is."""
        try:
            with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
                unfinished = Path(folder) / "chain"
                with _errors(path), closing(_connect(unfinished)) as db:
                    db.execute("PRAGMA journal_mode = WAL")
                    db.executescript(_SCHEMA)
                    row = (seed, settings, owner_hotkey, genesis_time)
                    db.execute("INSERT INTO chain VALUES (1, ?, ?, ?, ?, 0)", row)
                    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                # A link, unlike a rename, never replaces what another process has put there meanwhile.
                path.hardlink_to(unfinished)
        except FileExistsError:
            raise SetupError(f"{path} is there already; a local chain is made in a new file") from None
        except OSError as error:
            raise SetupError(f"no local chain could be made at {path}: {error.strerror}") from error

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection, for reading rows that can no longer change: final blocks need no transaction."""
        with _errors(self.path):
            yield self._db

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """The connection inside one transaction, alone among all processes; an exception takes everything back."""
        with _errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection; closing again does nothing."""
        self._db.close()

    def _check_kind(self) -> None:
        (kind,) = self._db.execute("PRAGMA application_id").fetchone()
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if kind != APPLICATION_ID:
            raise SetupError(f"{self.path} cannot be used as a local chain: it is not the file of a local chain")
        if version != SCHEMA_VERSION:
            raise SetupError(
                f"{self.path} has version {version} of the local chain's file, and this program reads {SCHEMA_VERSION}"
            )


def _connect(path: Path) -> sqlite3.Connection:
    # isolation_level None: transactions begin and end only where this module says so.
    return sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        mapped = error_for(path, error)
        if mapped is None:
            raise
        raise mapped from error


def error_for(path: Path, error: sqlite3.DatabaseError) -> ChainError | SetupError | None:
    """Our error for one of SQLite's; None for those that only a fault in this package can cause."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the low byte is the primary code
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return ChainUnavailable(f"the local chain at {path} is held by another process; try again later")
    if code in _MENDABLE:
        return SetupError(f"{path} cannot be used as a local chain: {_MENDABLE[code]}")
    return None
