"""Verified downloads on disk, each content once, under its digest and a quota. It knows no gates and no chain.

    root/models/<digest>/    a content, complete and never changed
    root/staging/            downloads and removals under way; swept when the cache is opened
    root/index.sqlite        which digest a revision has, what each content takes, and the order of use

A folder moves into `models` in one step, so the process may be killed anywhere: what is not in both the folder and the
index is swept at the next start.
"""

import os
import secrets
import shutil
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from finetune.errors import BadDownload, SetupError
from finetune.hub.digest import content_digests, digest_of, folder_digest, git_digest, tensor_digest
from finetune.hub.files import counts
from finetune.hub.port import Hub, HubFile, Listing

_SPARE_BYTES = 256 * 1024 * 1024  # left free on the disk beside a download, for the state database and the logs

_SCHEMA = """
CREATE TABLE IF NOT EXISTS models (
    digest TEXT PRIMARY KEY, bytes INTEGER NOT NULL, used INTEGER NOT NULL, stamp TEXT NOT NULL, tensors TEXT);
CREATE TABLE IF NOT EXISTS revisions (
    repository TEXT NOT NULL, revision TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (repository, revision));
"""


@dataclass(frozen=True, kw_only=True)
class CachedModel:
    """A content of the cache: its folder digest, 64 hex digits, and the folder, which nobody may change."""

    digest: str
    folder: Path


class ModelCache:
    """A content-addressed cache of models, for one process and one thread at a time.

    Every method raises `SetupError` where the disk or the index fails.
    """

    def __init__(self, root: Path, quota_bytes: int) -> None:
        """Open the cache, made if it is not there, and sweep what a killed process left.

        Raises:
            SetupError: the folder cannot be used, or another process uses it.
        """
        self._root, self._quota = root, quota_bytes
        self._models, self._staging = root / "models", root / "staging"
        self._rehashed: set[str] = set()
        try:
            self._models.mkdir(parents=True, exist_ok=True)
            self._staging.mkdir(exist_ok=True)
            self._index = sqlite3.connect(root / "index.sqlite", timeout=0, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise SetupError(f"the model cache cannot be kept in {root}: {error}") from None
        try:
            # Exclusive: a second process would sweep this one's downloads away.
            self._index.executescript("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;" + _SCHEMA)
        except sqlite3.Error as error:
            self._index.close()
            raise SetupError(f"the model cache in {root} cannot be opened: {error}") from None
        try:
            with self._usable():
                self._sweep()
        except SetupError:
            self._index.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let another process open the cache."""
        self._index.close()

    def fetch(self, hub: Hub, listing: Listing, *, keep: Collection[str]) -> CachedModel:
        """The content of the listing's revision, downloaded unless it is here and sound.

        The listing is taken to be fresh from the hub and to have passed the gates. Room is made by `evict` first.

        Args:
            keep: digests that must not be evicted to make room.

        Raises:
            SetupError: it does not fit under the quota or on the disk.
            HubError: whatever the download raises, and `BadDownload` where the bytes are not those listed; nothing is
                left of it.
        """
        with self._usable():
            row = self._row(
                "SELECT digest FROM revisions WHERE repository = ? AND revision = ?",
                listing.repository,
                listing.revision,
            )
            if row and self._is_sound(row[0]):
                return self._use(row[0])
            files = [file for file in listing.files if counts(file.path)]
            self._make_room(sum(file.size for file in files), listing.repository, keep)
            folder = self._staging / secrets.token_hex(8)
            folder.mkdir()
            try:
                hub.download(listing, [file.path for file in files], folder)
                digest = self._settle(folder, listing.repository, files)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            with self._index as transaction:
                transaction.execute(
                    "INSERT OR REPLACE INTO revisions VALUES (?, ?, ?)", (listing.repository, listing.revision, digest)
                )
            return self._use(digest)

    @contextmanager
    def only(self, hub: Hub, listing: Listing, names: Sequence[str]) -> Iterator[Path]:
        """A folder with the named files of the listing's revision alone, gone when the block ends.

        Meant for small ones, before the rest is worth its download. Raises like `fetch`.
        """
        folder = self._staging / secrets.token_hex(8)
        try:
            with self._usable():
                folder.mkdir()
                hub.download(listing, names, folder)
                _check_bytes(folder, listing.repository, [file for file in listing.files if file.path in names])
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def get(self, digest: str) -> CachedModel | None:
        """The content of a digest, if it is here and sound."""
        with self._usable():
            return self._use(digest) if self._is_sound(digest) else None

    def tensor_digest(self, model: CachedModel) -> str:
        """The digest of the content's tensors alone, computed once. Raises `ValueError` for malformed weights."""
        with self._usable():
            row = self._row("SELECT tensors FROM models WHERE digest = ?", model.digest)
            if row and row[0]:
                return str(row[0])
            found = tensor_digest(model.folder)
            with self._index as transaction:
                transaction.execute("UPDATE models SET tensors = ? WHERE digest = ?", (found, model.digest))
            return found

    def evict(self, keep: Collection[str], *, room_bytes: int = 0) -> None:
        """Remove the contents longest unused, never those in `keep`, until the quota has the room free."""
        with self._usable():
            rows = self._index.execute("SELECT digest, bytes FROM models ORDER BY used").fetchall()
            total = sum(size for _, size in rows)
            for digest, size in rows:
                if total + room_bytes <= self._quota:
                    return
                if digest not in keep:
                    self._remove(digest)
                    total -= size

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Raises what the disk or SQLite raises as a `SetupError`."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise SetupError(f"the model cache in {self._root} cannot be used: {error}") from error

    def _make_room(self, needed: int, repository: str, keep: Collection[str]) -> None:
        self.evict(keep, room_bytes=needed)
        used = self._row("SELECT COALESCE(SUM(bytes), 0) FROM models")[0]
        if used + needed > self._quota:
            raise SetupError(
                f"{repository} needs {needed:,} bytes, and models in use take {used:,} of the {self._quota:,} that the "
                f"model cache may hold: raise its quota"
            )
        free = shutil.disk_usage(self._root).free
        if needed + _SPARE_BYTES > free:
            raise SetupError(
                f"{repository} needs {needed:,} bytes and {_SPARE_BYTES:,} to spare, and the disk of {self._root} has "
                f"{free:,} free"
            )

    def _settle(self, folder: Path, repository: str, files: Sequence[HubFile]) -> str:
        """Move a complete download to its place, unless the same content is there; returns its digest."""
        digest = digest_of(folder, _check_bytes(folder, repository, files))
        if self._row("SELECT 1 FROM models WHERE digest = ?", digest) and self._is_sound(digest):
            return digest
        for path in folder.iterdir():
            path.chmod(0o444)
            _sync(path)
        _sync(folder)
        folder.replace(self._models / digest)
        _sync(self._models)
        size = sum(path.stat().st_size for path in (self._models / digest).iterdir())
        with self._index as transaction:
            transaction.execute(
                "INSERT INTO models VALUES (?, ?, 0, ?, NULL)", (digest, size, _stamp(self._models / digest))
            )
        self._rehashed.add(digest)
        return digest

    def _use(self, digest: str) -> CachedModel:
        """Mark the content as the last one used."""
        with self._index as transaction:
            transaction.execute(
                "UPDATE models SET used = (SELECT MAX(used) + 1 FROM models) WHERE digest = ?", (digest,)
            )
        return CachedModel(digest=digest, folder=self._models / digest)

    def _is_sound(self, digest: str) -> bool:
        """Whether the content is here and still what it was; if it is not, it is removed.

        Names, sizes and times are compared at every use, which costs nothing and catches whoever writes into the
        folder. The whole is hashed again at its first use after a start, about a second a gigabyte: a crash, a worn
        disk or another hand can only be told that way, and mostly come with a restart.
        """
        row = self._row("SELECT stamp FROM models WHERE digest = ?", digest)
        if not row:
            return False
        folder = self._models / digest
        with suppress(OSError, ValueError):
            same = _stamp(folder) == row[0]
            if same and (digest in self._rehashed or folder_digest(folder) == digest):
                self._rehashed.add(digest)
                return True
        self._remove(digest)
        return False

    def _remove(self, digest: str) -> None:
        """The index first: a folder that it does not know is swept, a row without a folder would be believed."""
        with self._index as transaction:
            transaction.execute("DELETE FROM models WHERE digest = ?", (digest,))
        self._rehashed.discard(digest)
        doomed = self._staging / secrets.token_hex(8)
        with suppress(FileNotFoundError):
            (self._models / digest).replace(doomed)
            shutil.rmtree(doomed)

    def _sweep(self) -> None:
        for leftover in self._staging.iterdir():
            shutil.rmtree(leftover)
        known = {row[0] for row in self._index.execute("SELECT digest FROM models")}
        for folder in self._models.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder)

    def _row(self, query: str, *values: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._index.execute(query, values).fetchone()
        return row or ()


def _check_bytes(folder: Path, repository: str, files: Sequence[HubFile]) -> Mapping[str, str]:
    """The content digests of a download that holds what the hub listed. Raises `BadDownload`."""
    try:
        contents = content_digests(folder)
    except ValueError as error:
        raise BadDownload(f"a downloaded folder cannot be hashed: {error}") from None
    # Here and not by the commitment: what a bad line has changed is no miner's fault.
    for file in files:
        found = git_digest(folder / file.path) if len(file.content) == 40 else contents[file.path]
        if file.content not in ("", found):
            raise BadDownload(f"{repository}: {file.path} holds other bytes than those listed")
    return contents


def _stamp(folder: Path) -> str:
    """Names, sizes and times of change (ns) of the files in a folder."""
    stats = sorted((path.name, path.lstat()) for path in folder.iterdir())
    return "\n".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)


def _sync(path: Path) -> None:
    """Wait until the disk has it: after a power cut a file could otherwise have its size and none of its bytes."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
