"""The ports `Hub` and `Datasets`: the few things the subnet asks of a hub, and the values it answers with.

It knows no HTTP and no client library. A repository is always named `namespace/name`, a revision by its 40 hex digits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class HubFile:
    """One file of a listing: its path inside the repository and its size in bytes.

    `content` names the bytes: their SHA-256 (64 hex digits) for a large file, the SHA-1 that git gives a blob (40) for
    another, empty where the hub does not say.
    """

    path: str
    size: int
    content: str = ""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The files of a repository at one revision, and whether strangers may read it now."""

    repository: str
    revision: str
    private: bool
    files: tuple[HubFile, ...]


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A commit on a repository's main branch: its 40 hex digits, and its date in Unix seconds."""

    revision: str
    time: float


class Datasets(Protocol):
    """The datasets of a hub, to be read. Every call may raise `HubUnavailable` and `HubRefused`, as with `Hub`."""

    def listing(self, repository: str, revision: str | None) -> Listing:
        """What the dataset holds at the revision, or now without one. Raises `RepositoryGone`, `RevisionGone`."""
        ...

    def history(self, repository: str, *, back_to: float) -> tuple[Revision, ...]:
        """The revisions of the main branch, newest first, up to the first one dated before `back_to` (Unix seconds).

        All of them where none is that old. Raises `RepositoryGone`, and `RevisionGone` where it would take too many.
        """
        ...

    def download(self, listing: Listing, paths: Sequence[str], into: Path) -> None:
        """Write the named files of the listing below `into`, each exactly as large as listed; see `Hub`."""
        ...


class Hub(Protocol):
    """A model hub. Every call may raise `HubUnavailable`, and `HubRefused` where our own token is bad."""

    def listing(self, repository: str, revision: str | None) -> Listing:
        """What the repository holds at the revision, or now without one, asked of the hub itself, never of a cache.

        Raises `RepositoryGone`, `RevisionGone`.
        """
        ...

    def download(self, listing: Listing, paths: Sequence[str], into: Path) -> None:
        """Write the named files of the listing below `into`, each exactly as large as listed.

        Raises `RepositoryGone`, `RevisionGone`, `BadDownload`, and `SetupError` when the disk is full.
        """
        ...

    def create(self, repository: str, *, private: bool) -> None:
        """Make the repository if it is not there yet; one that is there keeps its visibility. Raises `HubRefused`."""
        ...

    def upload(self, repository: str, folder: Path, *, message: str) -> str:
        """Make the repository's files equal to the folder's in one commit; returns the revision.

        The same content again makes no new commit. Raises `HubRefused`, `RepositoryGone`.
        """
        ...

    def set_private(self, repository: str, private: bool) -> None:
        """Hide the repository from strangers, or show it. Raises `HubRefused`, `RepositoryGone`."""
        ...
