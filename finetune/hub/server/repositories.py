"""Repositories, their commits and their files, in one SQLite file. It knows no HTTP and no file contents.

A commit stores its whole list of files, so a pinned revision stays as it was whatever is committed later.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.hub.server.names import Refusal

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS repositories (id TEXT PRIMARY KEY, private INTEGER NOT NULL, head TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS commits (
    repository TEXT NOT NULL, oid TEXT NOT NULL, parent TEXT NOT NULL, message TEXT NOT NULL, time REAL NOT NULL,
    PRIMARY KEY (repository, oid));
CREATE TABLE IF NOT EXISTS files (
    repository TEXT NOT NULL, oid TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
    etag TEXT NOT NULL, PRIMARY KEY (repository, oid, path));
CREATE TABLE IF NOT EXISTS uploads (namespace TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (namespace, sha256));
"""


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file of a commit. `etag` is the SHA-256 of a large file, the git SHA-1 of another."""

    path: str
    size: int
    sha256: str
    etag: str

    @property
    def is_large(self) -> bool:
        """Whether it came as a large file (LFS)."""
        return self.etag == self.sha256


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository and the newest commit of its only branch, `main`. `id` is its path on the website."""

    id: str
    private: bool
    head: str

    @property
    def name(self) -> str:
        """`namespace/name`, whatever its kind."""
        return self.id.removeprefix("datasets/")


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit; `time` in Unix seconds."""

    oid: str
    message: str
    time: float


class Repositories:
    """The state of the hub. Every change is one transaction; one thread at a time may use it."""

    def __init__(self, database: Path) -> None:
        """Open the file, made if it is not there. Raises `sqlite3.Error`, also while another hub has it open."""
        self._database = sqlite3.connect(database, check_same_thread=False, timeout=0)
        try:
            # Exclusive: two hubs on one folder would sweep away each other's uploads.
            self._database.executescript("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;")
            if self._row("SELECT 1 FROM sqlite_master") and self._row("PRAGMA user_version") != (_VERSION,):
                raise sqlite3.DatabaseError("another version of this program made it")
            self._database.executescript(f"{_SCHEMA} PRAGMA user_version = {_VERSION};")
        except sqlite3.Error:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the file; nothing may be called afterwards."""
        self._database.close()

    def find(self, repository: str) -> Repository | None:
        """The repository, if it is there."""
        row = self._row("SELECT id, private, head FROM repositories WHERE id = ?", repository)
        return Repository(id=row[0], private=bool(row[1]), head=row[2]) if row else None

    def create(self, repository: str, *, private: bool, files: Sequence[StoredFile], time: float) -> None:
        """Add a repository with a first commit of these files."""
        with self._database as transaction:
            transaction.execute("INSERT INTO repositories VALUES (?, ?, '')", (repository, private))
            self._add_commit(repository, "", "initial commit", files, time)

    def delete(self, repository: str) -> None:
        """Remove a repository with all its commits."""
        with self._database as transaction:
            transaction.execute("DELETE FROM repositories WHERE id = ?", (repository,))
            transaction.execute("DELETE FROM commits WHERE repository = ?", (repository,))
            transaction.execute("DELETE FROM files WHERE repository = ?", (repository,))

    def set_private(self, repository: str, private: bool) -> None:
        """Hide or show a repository."""
        with self._database as transaction:
            transaction.execute("UPDATE repositories SET private = ? WHERE id = ?", (private, repository))

    def commit(self, repository: str, *, message: str, files: Sequence[StoredFile], time: float) -> str:
        """Put a commit with exactly these files on `main`; returns its 40 hex digits."""
        head = self._row("SELECT head FROM repositories WHERE id = ?", repository)[0]
        with self._database:
            return self._add_commit(repository, head, message, files, time)

    def resolve(self, repository: Repository, revision: str) -> str:
        """The commit that a revision names. Raises `Refusal`."""
        oid = repository.head if revision == "main" else revision
        if self._row("SELECT 1 FROM commits WHERE repository = ? AND oid = ?", repository.id, oid):
            return oid
        raise Refusal(404, f"{repository.id} has no revision {revision}", "RevisionNotFound")

    def history(self, repository: str, oid: str) -> list[Commit]:
        """The commit and all before it, newest first."""
        rows = self._rows(
            "WITH RECURSIVE line(oid, parent, message, time, depth) AS ("
            "SELECT oid, parent, message, time, 0 FROM commits WHERE repository = ?1 AND oid = ?2 UNION ALL "
            "SELECT older.oid, older.parent, older.message, older.time, depth + 1 FROM commits AS older "
            "JOIN line ON older.repository = ?1 AND older.oid = line.parent) "
            "SELECT oid, message, time FROM line ORDER BY depth",
            repository,
            oid,
        )
        return [Commit(oid=oid, message=message, time=time) for oid, message, time in rows]

    def files(self, repository: str, oid: str) -> list[StoredFile]:
        """The files of a commit, by path."""
        rows = self._rows(
            "SELECT path, size, sha256, etag FROM files WHERE repository = ? AND oid = ? ORDER BY path", repository, oid
        )
        return [StoredFile(path=path, size=size, sha256=sha256, etag=etag) for path, size, sha256, etag in rows]

    def note_upload(self, namespace: str, sha256: str) -> None:
        """Remember that the namespace has sent this content: only what it has sent may it commit."""
        with self._database as transaction:
            transaction.execute("INSERT OR IGNORE INTO uploads VALUES (?, ?)", (namespace, sha256))

    def has_uploaded(self, namespace: str, sha256: str) -> bool:
        """Whether the namespace has sent this content before."""
        return bool(self._row("SELECT 1 FROM uploads WHERE namespace = ? AND sha256 = ?", namespace, sha256))

    def _add_commit(self, repository: str, parent: str, message: str, files: Sequence[StoredFile], time: float) -> str:
        tree = "".join(f"{file.sha256} {file.path}\n" for file in sorted(files, key=lambda file: file.path))
        oid = hashlib.sha1(f"{repository}\n{parent}\n{tree}\n{message}".encode()).hexdigest()
        self._database.execute("INSERT INTO commits VALUES (?, ?, ?, ?, ?)", (repository, oid, parent, message, time))
        self._database.executemany(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)",
            [(repository, oid, file.path, file.size, file.sha256, file.etag) for file in files],
        )
        self._database.execute("UPDATE repositories SET head = ? WHERE id = ?", (oid, repository))
        return oid

    def _row(self, query: str, *values: str) -> tuple[Any, ...]:
        """The first row, or an empty one."""
        rows = self._rows(query, *values)
        return rows[0] if rows else ()

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        with closing(self._database.execute(query, values)) as cursor:
            return cursor.fetchall()
