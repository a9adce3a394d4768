"""Which files of a dataset a round draws from: the same for every validator, whenever it asks. It opens none of them.

The revision is the last one published before the window's end. Fresh files are those whose bytes were not in the
dataset before the window's start; a file that was only renamed is not fresh, for its rows could be trained on. Nor is
a signed file whose manifest is dated before the window's start: it may have been in the dataset once, and removed.

Where a signer is named, a revision counts only if that hotkey vouches for all files that would be drawn from (see
`manifests.py`); else the one before it may, and so on back to the one that stood at the window's start. So whoever may
write to the repository can withhold what the signer published, or bring back what was there, and add nothing to it.
Where parts are hidden (see `hidden.py`), a revision counts likewise if it holds the round's own part.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from finetune.errors import SetupError, StreamError
from finetune.hub.port import HubFile, Listing
from finetune.signing import is_address
from finetune.streams.hidden import Hidden, NotRevealed, revealed_part
from finetune.streams.manifests import Untrusted, signed_files
from finetune.streams.parquet_rows import LocalFile
from finetune.streams.sources import Sources, Window

MOST_REVISIONS = 20  # that are looked at for one that is signed

ALL_FILES = "*.parquet"

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_REVISION = re.compile(r"[0-9a-f]{40}")


class _Unusable(Exception):
    """A revision that the round cannot draw from; the reason as the rest of a sentence about it."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The part of a dataset that a task draws from, as its options name it. Raises `SetupError`.

    `files` is a pattern for paths, in which * stands for any characters, also for /. `revision` is a commit's 40 hex
    digits, or empty for the newest one of the round. With `fresh` only files that are new in the round's window count.
    `signer` is the ss58 address of the hotkey that must have signed the files, or empty where they need no signature.
    With `hidden` the files are those that were fixed long before, one for each round.
    """

    stream: str
    repository: str
    files: str
    revision: str
    fresh: bool
    signer: str = ""
    hidden: Hidden | None = None

    def __post_init__(self) -> None:
        self._need(_matches(_REPOSITORY, self.repository), "repository", "namespace/name")
        self._need(isinstance(self.files, str) and self.files != "", "files", 'a pattern such as "data/*.parquet"')
        self._need(self.revision == "" or _matches(_REVISION, self.revision), "revision", "40 lowercase hex digits")
        self._need(isinstance(self.fresh, bool), "fresh", "true or false")
        self._need(not (self.fresh and self.revision), "fresh", "false where a revision is named: that one never grows")
        self._need(self.signer == "" or is_address(self.signer), "signer", "the ss58 address of a hotkey")
        if self.hidden is not None:
            for option, default in (("files", ALL_FILES), ("revision", ""), ("fresh", False), ("signer", "")):
                self._need(getattr(self, option) == default, option, "left out where hidden names the files")

    @property
    def only_new(self) -> bool:
        """Whether only files count that came within the window."""
        return self.fresh or self.hidden is not None

    @property
    def looks_back(self) -> bool:
        """Whether an earlier revision may count where the newest one does not hold what it must."""
        return self.signer != "" or self.hidden is not None

    def _need(self, holds: bool, option: str, allowed: str) -> None:
        if not holds:
            found = getattr(self, option)
            raise SetupError(f"stream {self.stream}: {option} must be {allowed}; found {found!r:.80}")


def fetch_files(dataset: Dataset, window: Window, sources: Sources) -> tuple[LocalFile, ...]:
    """The round's files, sorted by their paths in the repository, fetched where they are not here yet.

    Raises:
        StreamError: there was no revision in time, none of its files matches, or none of the round's is signed.
        SetupError: the files do not fit under the cache's quota or on the disk.
        HubError: the hub cannot be asked, or gave something else than it listed.
    """
    listing, files = _round_files(dataset, window, sources)
    size = sum(file.size for file in files)
    sources.say(f"stream {dataset.stream}: {_where(listing)}, {len(files)} files of {size:,} bytes")
    paths = sources.cache.fetch(sources.datasets, listing, files, round_time=window.end)
    return tuple(
        LocalFile(path=path, name=f"{dataset.repository}/{file.path}") for path, file in zip(paths, files, strict=True)
    )


def _round_files(dataset: Dataset, window: Window, sources: Sources) -> tuple[Listing, list[HubFile]]:
    """The listing of the round's revision, and those of its files that are to be drawn from."""
    revisions, old = [dataset.revision], set[str]()
    if not dataset.revision:
        # Where nothing is to be vouched for, nothing but the newest revision counts, so nothing older is asked for.
        back_to = window.start if dataset.only_new or dataset.looks_back else window.end
        history = sources.datasets.history(dataset.repository, back_to=back_to)
        revisions = [one.revision for one in history if one.time < window.end]
        before = next((one.revision for one in history if one.time < window.start), None)
        if dataset.only_new and before is not None:
            old = {file.content for file in sources.cache.listing(sources.datasets, dataset.repository, before).files}
    if not revisions:
        raise StreamError(f"stream {dataset.stream}: {dataset.repository} had no revision before the sync block's time")
    faults = []
    for revision in revisions[: MOST_REVISIONS if dataset.looks_back else 1]:
        listing = sources.cache.listing(sources.datasets, dataset.repository, revision)
        try:
            return listing, _files_of(dataset, listing, old, window, sources)
        except _Unusable as error:
            faults.append(f"{_where(listing)} {error}")
            if dataset.looks_back:
                sources.say(f"stream {dataset.stream} passes over {_where(listing)}, which {error}")
    raise StreamError(f"stream {dataset.stream}: {faults[0]}")


def _files_of(dataset: Dataset, listing: Listing, old: set[str], window: Window, sources: Sources) -> list[HubFile]:
    """The files of a revision that the round draws from, without those of the contents `old`. Raises `_Unusable`."""

    def fetch(wanted: Sequence[HubFile]) -> Sequence[Path]:
        return sources.cache.fetch(sources.datasets, listing, wanted, round_time=window.end)

    if dataset.hidden is not None:
        try:
            return [revealed_part(dataset.hidden, listing, window.block, old, fetch)]
        except NotRevealed as error:
            raise _Unusable(str(error)) from None
    files = [file for file in _matching(dataset, listing) if file.content not in old]
    if dataset.signer:
        since = window.start if dataset.fresh else None
        try:
            files = signed_files(dataset.signer, listing, files, fetch, since=since)
        except Untrusted as error:
            raise _Unusable(f"is not to be trusted: {error}") from None
    if not files:
        raise _Unusable(f"has no {'new ' if dataset.fresh else ''}file that matches {dataset.files!r}")
    return files


def _where(listing: Listing) -> str:
    return f"{listing.repository} at {listing.revision[:12]}"


def _matching(dataset: Dataset, listing: Listing) -> list[HubFile]:
    """The files that the pattern names, by path; of two with the same bytes the first, for their rows are the same."""
    by_content: dict[str, HubFile] = {}
    for file in sorted(listing.files, key=lambda file: file.path):
        if fnmatchcase(file.path, dataset.files):
            by_content.setdefault(file.content or file.path, file)
    return list(by_content.values())


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
