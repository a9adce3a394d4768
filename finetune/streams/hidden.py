"""Hidden parts: rows that were fixed before anybody submitted, and that are revealed one part a round.

Whoever makes a competition cuts its rows into parts, lists their SHA-256 in the order of rounds in one file, as the
program sha256sum writes it, and puts the SHA-256 of that list into the competition's file. The first of them is the
specimen, public from the beginning: it counts before `first_block`, so that a reference can be pinned and a model be
tried. The k-th after it belongs to the round whose sync block lies in [first_block + (k - 1) * every_blocks,
first_block + k * every_blocks), and counts only if it came into the dataset within that round's window. So nobody
chooses a part once the models are known, and nobody trains on one but whoever knew it from the beginning: its maker.
`finetune/generating/hidden.py` is the maker's side.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from competitions.check import Invalid, within
from competitions.tables import from_table
from finetune.errors import SetupError
from finetune.hub.port import HubFile, Listing
from finetune.streams.hub_bytes import Fetch, sha256_of

LIST = "SHA256SUMS"  # where the list of parts lies in the repository
MOST_BYTES = 1_000_000  # of the list: some 12,000 parts

_HEX64 = re.compile(r"[0-9a-f]{64}")
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._/-]{0,199}\.parquet)")


class NotRevealed(Exception):
    """A revision that does not hold the round's part as it was fixed; the reason in a sentence without an end."""


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """Which parts were fixed, and when each is due: `digest` is the list's SHA-256. Raises `Invalid`."""

    digest: str
    first_block: int
    every_blocks: int

    def __post_init__(self) -> None:
        if not _HEX64.fullmatch(self.digest):
            raise Invalid("digest", self.digest, f"64 lowercase hex digits: the SHA-256 of {LIST}")
        within("first_block", self.first_block, 0)
        within("every_blocks", self.every_blocks, 1)

    def part(self, block: int) -> int:
        """The number of the part of the round at this sync block: 0, the specimen, before the first block."""
        return 0 if block < self.first_block else 1 + (block - self.first_block) // self.every_blocks


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part as it was fixed: its path in the repository, and the SHA-256 of its bytes."""

    path: str
    digest: str


def read_hidden(stream: str, table: Mapping[str, object] | None) -> Hidden | None:
    """The option `hidden` of a stream, where it is given. Raises `SetupError`."""
    if table is None:
        return None
    try:
        return from_table(Hidden, table)
    except Invalid as error:
        raise SetupError(f"stream {stream}: {error.under('hidden')}") from error


def read_list(data: bytes) -> tuple[Part, ...]:
    """The parts in a list, in order. Raises `ValueError` for a line that is none, and for a path that comes twice."""
    parts = []
    for number, line in enumerate(data.decode("ascii", "replace").splitlines(), start=1):
        found = _LINE.fullmatch(line)
        if found is None or ".." in found[2]:
            raise ValueError(f"line {number} of {LIST} is no SHA-256, two spaces and the path of a .parquet file")
        parts.append(Part(digest=found[1], path=found[2]))
    if len({one.path for one in parts}) < len(parts):
        raise ValueError(f"{LIST} names a path twice")
    return tuple(parts)


def write_list(parts: Sequence[Part]) -> bytes:
    """The list that `read_list` reads."""
    return "".join(f"{one.digest}  {one.path}\n" for one in parts).encode()


def revealed_part(hidden: Hidden, listing: Listing, block: int, old: AbstractSet[str], fetch: Fetch) -> HubFile:
    """The file of the round's part.

    Args:
        block: the sync block.
        old: the contents that were in the dataset before the round's window.

    Raises `NotRevealed` where the revision has another list than was fixed, or the part is not there, holds other
    bytes, or was there before the window; and what `fetch` raises.
    """
    there = {file.path: file for file in listing.files}
    number, parts = hidden.part(block), _parts(hidden, there, fetch)
    if number >= len(parts):
        last = hidden.first_block + (len(parts) - 1) * hidden.every_blocks - 1
        raise NotRevealed(f"has parts up to block {last:,}, none for {block:,}")
    part = parts[number]
    name = f"part {number} of {len(parts) - 1}, {part.path}" if number else f"the specimen, {part.path}"
    if part.path not in there:
        raise NotRevealed(f"does not hold {name}: it is not revealed yet")
    file = there[part.path]
    if number and file.content in old:
        raise NotRevealed(f"held {name} before the round's window: everybody could train on it")
    if sha256_of(file, fetch) != part.digest:
        raise NotRevealed(f"holds other bytes than were fixed for {name}")
    return file


def _parts(hidden: Hidden, there: Mapping[str, HubFile], fetch: Fetch) -> tuple[Part, ...]:
    if LIST not in there:
        raise NotRevealed(f"has no file {LIST}")
    if there[LIST].size > MOST_BYTES:
        raise NotRevealed(f"has {there[LIST].size:,} bytes of {LIST}; at most {MOST_BYTES:,} are read")
    (path,) = fetch([there[LIST]])
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != hidden.digest:
        raise NotRevealed(f"has another {LIST} than the competition's file fixes")
    try:
        return read_list(data)
    except ValueError as error:
        raise NotRevealed(f"cannot be read: {error}") from None
