"""Manifests: which files of a dataset a hotkey vouches for. `finetune/generating/publication.py` writes them.

The file data/NAME.parquet is vouched for where manifests/NAME.json, in the same revision, names the dataset, its path,
its size and its SHA-256 and carries the hotkey's signature. A manifest is a stranger's until then. The date in it is
the signer's word for when the rows were made; a file that was put back later keeps it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finetune.hub.port import HubFile, Listing
from finetune.hub.strict_json import read_object
from finetune.signing import signed_by
from finetune.streams.hub_bytes import Fetch, sha256_of

FORMAT = 1  # of the manifest; a reader refuses what it does not know
DATE = "%Y-%m-%dT%H:%M:%SZ"  # of the manifest, in UTC
MOST_BYTES = 1_000_000  # of one manifest; an honest one has a few thousand

_DATA = re.compile(r"data/([A-Za-z0-9][A-Za-z0-9._-]{0,99})\.parquet")


class Untrusted(Exception):
    """A revision that is not what the hotkey signed; the reason in a sentence without an end."""


def data_path(name: str) -> str:
    """Where the rows of the publication of that name lie."""
    return f"data/{name}.parquet"


def manifest_path(name: str) -> str:
    """Where its manifest lies."""
    return f"manifests/{name}.json"


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """What a manifest says of one file; `date` in Unix seconds."""

    size: int
    digest: str
    date: float


def signed_files(
    signer: str, listing: Listing, files: Sequence[HubFile], fetch: Fetch, *, since: float | None = None
) -> list[HubFile]:
    """Check that the hotkey `signer` vouches for each of these files of the listing.

    Returns the files whose manifests are dated at `since`, in Unix seconds, or later; without it all of them. Manifests
    are fetched, and data files only where the hub names no SHA-256 of them. Raises `Untrusted` for the first file that
    is not vouched for, and what `fetch` raises.
    """
    there = {file.path: file for file in listing.files}
    manifests = [_manifest_of(file, there) for file in files]
    dated = []
    for file, manifest, path in zip(files, manifests, fetch(manifests), strict=True):
        record = _record(signer, listing.repository, manifest.path, path)
        entry = _entry(record, manifest.path, file.path)
        # The size first: nothing is fetched for a digest that cannot fit.
        if entry.size != file.size or entry.digest != sha256_of(file, fetch):
            raise Untrusted(f"{file.path} holds other bytes than {manifest.path} says")
        if since is None or entry.date >= since:
            dated.append(file)
    return dated


def _manifest_of(file: HubFile, there: dict[str, HubFile]) -> HubFile:
    named = _DATA.fullmatch(file.path)
    if named is None:
        raise Untrusted(f"{file.path!r:.120} has no manifest; only files called data/NAME.parquet have one")
    path = manifest_path(named[1])
    if path not in there:
        raise Untrusted(f"{file.path} has no manifest {path}")
    if there[path].size > MOST_BYTES:
        raise Untrusted(f"{path} has {there[path].size:,} bytes; a manifest has at most {MOST_BYTES:,}")
    return there[path]


def _record(signer: str, repository: str, name: str, manifest: Path) -> dict[str, Any]:
    """What the signer says in a manifest of this repository and of a format that is known."""
    try:
        signed = read_object(manifest, MOST_BYTES)
    except ValueError as error:
        raise Untrusted(f"{name} is no manifest: {error!s:.200}") from None
    found = signed_by(signed)
    if found != signer:
        raise Untrusted(f"{name} is signed by {found or 'nobody'}, and must be by {signer}")
    record = signed["record"]
    if not isinstance(record, dict):
        raise Untrusted(f"{name} is no manifest: its record is no table")
    known, dataset = record.get("format"), record.get("repository")
    if known != FORMAT or type(known) is not int:
        raise Untrusted(f"{name} has format {known!r:.40}; this reader knows format {FORMAT}")
    if dataset != repository:
        raise Untrusted(f"{name} is for the dataset {dataset!r:.120}, and lies in {repository}")
    return record


def _entry(record: dict[str, Any], name: str, file: str) -> _Entry:
    """What the record of the manifest called `name` says of the file."""
    try:
        entry, date = record["files"][file], record["date"]
        size, digest = entry["bytes"], entry["sha256"]
    except (LookupError, TypeError):
        raise Untrusted(f"{name} does not say what {file} holds, or since when") from None
    if type(size) is not int or not isinstance(digest, str):
        raise Untrusted(f"{name} does not say what {file} holds, or since when")
    try:
        made = datetime.strptime(date, DATE).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        raise Untrusted(f"{name} has the date {date!r:.40}; it must be like 2026-11-21T06:00:00Z") from None
    return _Entry(size=size, digest=digest, date=made.timestamp())
