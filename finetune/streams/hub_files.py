"""Which files of a dataset a round draws from: the same for every validator, whenever it asks. It opens none of them.

The revision is the last one published before the window's end. Fresh files are those whose bytes were not in the
dataset before the window's start; a file that was only renamed is not fresh, for its rows could be trained on.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from finetune.errors import SetupError, StreamError
from finetune.hub.port import HubFile, Listing, Revision
from finetune.streams.parquet_rows import LocalFile
from finetune.streams.sources import Sources, Window

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_REVISION = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The part of a dataset that a task draws from, as its options name it. Raises `SetupError`.

    `files` is a pattern for paths, in which * stands for any characters, also for /. `revision` is a commit's 40 hex
    digits, or empty for the newest one of the round. With `fresh` only files that are new in the round's window count.
    """

    stream: str
    repository: str
    files: str
    revision: str
    fresh: bool

    def __post_init__(self) -> None:
        self._need(_matches(_REPOSITORY, self.repository), "repository", "namespace/name")
        self._need(isinstance(self.files, str) and self.files != "", "files", 'a pattern such as "data/*.parquet"')
        self._need(self.revision == "" or _matches(_REVISION, self.revision), "revision", "40 lowercase hex digits")
        self._need(isinstance(self.fresh, bool), "fresh", "true or false")
        self._need(not (self.fresh and self.revision), "fresh", "false where a revision is named: that one never grows")

    def _need(self, holds: bool, option: str, allowed: str) -> None:
        if not holds:
            found = getattr(self, option)
            raise SetupError(f"stream {self.stream}: {option} must be {allowed}; found {found!r:.80}")


def fetch_files(dataset: Dataset, window: Window, sources: Sources) -> tuple[LocalFile, ...]:
    """The round's files, sorted by their paths in the repository, fetched where they are not here yet.

    Raises:
        StreamError: there was no revision in time, or none of its files matches.
        SetupError: the files do not fit under the cache's quota or on the disk.
        HubError: the hub cannot be asked, or gave something else than it listed.
    """
    listing, files = _round_files(dataset, window, sources)
    where = f"{dataset.repository} at {listing.revision[:12]}"
    if not files:
        what = "no new file" if dataset.fresh else "no file"
        raise StreamError(f"stream {dataset.stream}: {where} has {what} that matches {dataset.files!r}")
    sources.say(f"stream {dataset.stream}: {where}, {len(files)} files of {sum(file.size for file in files):,} bytes")
    paths = sources.cache.fetch(sources.datasets, listing, files, round_time=window.end)
    return tuple(
        LocalFile(path=path, name=f"{dataset.repository}/{file.path}") for path, file in zip(paths, files, strict=True)
    )


def _round_files(dataset: Dataset, window: Window, sources: Sources) -> tuple[Listing, list[HubFile]]:
    """The listing of the round's revision, and those of its files that are to be drawn from."""
    if dataset.revision:
        listing = sources.cache.listing(sources.datasets, dataset.repository, dataset.revision)
        return listing, _matching(dataset, listing)
    back_to = window.start if dataset.fresh else window.end
    history = sources.datasets.history(dataset.repository, back_to=back_to)
    newest = _last_before(history, window.end)
    if newest is None:
        raise StreamError(f"stream {dataset.stream}: {dataset.repository} had no revision before the sync block's time")
    listing = sources.cache.listing(sources.datasets, dataset.repository, newest)
    files = _matching(dataset, listing)
    before = _last_before(history, window.start) if dataset.fresh else None
    if before is None:
        return listing, files
    old = {file.content for file in sources.cache.listing(sources.datasets, dataset.repository, before).files}
    return listing, [file for file in files if file.content not in old]


def _matching(dataset: Dataset, listing: Listing) -> list[HubFile]:
    """The files that the pattern names, by path; of two with the same bytes the first, for their rows are the same."""
    by_content: dict[str, HubFile] = {}
    for file in sorted(listing.files, key=lambda file: file.path):
        if fnmatchcase(file.path, dataset.files):
            by_content.setdefault(file.content or file.path, file)
    return list(by_content.values())


def _last_before(history: tuple[Revision, ...], time: float) -> str | None:
    """The newest revision dated before `time` (Unix seconds)."""
    return next((one.revision for one in history if one.time < time), None)


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
