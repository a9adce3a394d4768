"""The `Hub` port: the few things the subnet asks of a model hub, and the values it answers with.

It knows no HTTP and no client library. A repository is always named `namespace/name`, a revision by its 40 hex digits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class HubFile:
    """One file of a listing: its path inside the repository and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The files of a repository at one revision, and whether strangers may read it now."""

    repository: str
    revision: str
    private: bool
    files: tuple[HubFile, ...]


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
