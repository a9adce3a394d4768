"""Single files of datasets on disk, each content once, under its digest and a quota. It knows no parquet.

    root/files/<content>    a file, complete and never changed, under the hub's name for its bytes
    root/listings/          what a revision holds: that never changes, so the hub is asked once
    root/staging/           downloads under way; swept when the cache is opened
    root/lock               held by the process that uses the cache

A file moves into `files` in one step, so the process may be killed anywhere, and what was fetched is not fetched
again. The order of use is that of the files' dates of change, which are counted and not taken from a clock.
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from finetune.errors import BadDownload, SetupError
from finetune.files import write_atomically
from finetune.hub.digest import git_digest
from finetune.hub.port import Datasets, HubFile, Listing

_SPARE_BYTES = 256 * 1024 * 1024  # left free on the disk beside a download, for the state database and the logs
_LISTINGS = 100  # kept; one of 1,000 files takes 0.2 MB


class DatasetCache:
    """A content-addressed cache of files, for one process and one thread at a time.

    Every method raises `SetupError` where the disk fails.
    """

    def __init__(self, root: Path, quota_bytes: int) -> None:
        """Open the cache, made if it is not there, and sweep what a killed process left.

        Raises:
            SetupError: the folder cannot be used, or another process uses it.
        """
        self._root, self._quota = root, quota_bytes
        self._files, self._listings, self._staging = root / "files", root / "listings", root / "staging"
        self._round, self._kept = float("nan"), dict[str, int]()
        with self._usable():
            for folder in (self._files, self._listings):
                folder.mkdir(parents=True, exist_ok=True)
            self._lock = (root / "lock").open("w")
        try:
            with self._usable():
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(self._staging, ignore_errors=True)
                self._staging.mkdir()
                self._uses = max((_used(path) for path in self._files.iterdir()), default=0)
        except SetupError:
            self._lock.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let another process open the cache."""
        self._lock.close()

    @property
    def folder(self) -> Path:
        """Where all files lie."""
        return self._files

    def listing(self, datasets: Datasets, repository: str, revision: str) -> Listing:
        """What the revision holds, asked of the hub once. Raises what `Datasets.listing` raises."""
        path = self._listings / hashlib.sha256(f"{repository}@{revision}".encode()).hexdigest()
        with self._usable():
            try:
                known = json.loads(path.read_bytes())
                files = tuple(HubFile(**file) for file in known.pop("files"))
                return Listing(**known, files=files)
            except (FileNotFoundError, ValueError, TypeError, KeyError):
                pass
        listing = datasets.listing(repository, revision)
        write_atomically(path, json.dumps(asdict(listing)).encode())
        with self._usable():
            newest_first = sorted(self._listings.iterdir(), key=lambda one: one.stat().st_mtime_ns, reverse=True)
            for old in newest_first[_LISTINGS:]:
                old.unlink()
        return listing

    def fetch(
        self, datasets: Datasets, listing: Listing, files: Sequence[HubFile], *, round_time: float
    ) -> tuple[Path, ...]:
        """Where these files of the listing lie, in their order; those that are not here are downloaded.

        Room is made by removing what was not used for longest. Nobody may change the files.

        Args:
            round_time: names the round. What was fetched for a round is not removed until another round's is fetched.

        Raises:
            SetupError: the round's files do not fit under the quota or on the disk.
            HubError: whatever a download raises, and `BadDownload` where the bytes are not those listed. The files
                that came before it stay.
        """
        for file in files:
            _check(listing, file)
        with self._usable():
            if round_time != self._round:
                self._round, self._kept = round_time, {}
            self._make_room(listing, {file.content: file.size for file in files})
            return tuple(self._fetched(datasets, listing, file) for file in files)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Raises what the disk raises as a `SetupError`."""
        try:
            yield
        except BlockingIOError:
            raise SetupError(f"another process uses the dataset cache in {self._root}") from None
        except OSError as error:
            raise SetupError(f"the dataset cache in {self._root} cannot be used: {error}") from error

    def _make_room(self, listing: Listing, wanted: dict[str, int]) -> None:
        """Remove what no file of this round needs until the quota has room for all of them."""
        kept = self._kept | wanted
        needed = sum(kept.values())
        if needed > self._quota:
            raise SetupError(
                f"{listing.repository}: {len(wanted)} files of {sum(wanted.values()):,} bytes are to be drawn from, "
                f"the round needs {needed:,} bytes, and the dataset cache may hold {self._quota:,}: name fewer "
                f"files in the task's option files, or raise the quota"
            )
        self._kept = kept
        here = {path.name: path.stat().st_size for path in sorted(self._files.iterdir(), key=_used)}
        missing = sum(size for content, size in kept.items() if content not in here)
        total = sum(here.values()) + missing
        for content, size in here.items():
            if total > self._quota and content not in kept:
                (self._files / content).unlink()
                total -= size
        free = shutil.disk_usage(self._root).free
        if missing and missing + _SPARE_BYTES > free:
            raise SetupError(
                f"{listing.repository}: {missing:,} bytes are to be downloaded and {_SPARE_BYTES:,} to be left to "
                f"spare, and the disk of {self._root} has {free:,} free"
            )

    def _fetched(self, datasets: Datasets, listing: Listing, file: HubFile) -> Path:
        path = self._files / file.content
        if not path.exists() or path.stat().st_size != file.size:
            self._download(datasets, listing, file, path)
        self._uses += 1
        os.utime(path, (self._uses, self._uses))
        return path

    def _download(self, datasets: Datasets, listing: Listing, file: HubFile, path: Path) -> None:
        folder = self._staging / secrets.token_hex(8)
        folder.mkdir()
        try:
            datasets.download(listing, [file.path], folder)
            fresh = folder / file.path
            if _content(fresh, file) != file.content:
                raise BadDownload(f"{listing.repository}: {file.path} holds other bytes than those listed")
            with fresh.open("rb") as written:
                os.fsync(written.fileno())
            fresh.chmod(0o444)
            fresh.replace(path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _check(listing: Listing, file: HubFile) -> None:
    """Refuse a file whose bytes cannot be checked, or whose path could leave a folder."""
    parts = file.path.split("/")
    odd = not file.path.isprintable() or "\\" in file.path or len(file.path) > 512
    if odd or parts[0] == ".cache" or any(part in ("", ".", "..") for part in parts):
        raise BadDownload(f"{listing.repository}: {file.path[:100]!r} is no plain path of a file")
    if not file.content:
        raise BadDownload(f"{listing.repository}: the hub names no digest of {file.path}")


def _content(path: Path, file: HubFile) -> str:
    """The name of the bytes at `path`, as the hub would make it for this file."""
    if len(file.content) == 40:
        return git_digest(path)
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _used(path: Path) -> int:
    """When a file was used last, counted from the cache's first use."""
    return int(path.stat().st_mtime)
