"""What was read for one window, kept on disk as JSONL, so that a restart within the round asks nothing again.

The first line is a header with the digest of the rest and what was skipped; each further line is one record.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from finetune.errors import SetupError
from finetune.files import write_atomically
from finetune.streams.feed.records import Record

Kept = tuple[list[Record], Mapping[str, int]]


class FeedCache:
    """One file a window, named by the feed and the window. Only the newest window of a feed is kept."""

    def __init__(self, folder: Path, feed: str, window: str) -> None:
        """Name the file: `feed` and `window` say all that what is read depends on."""
        self._folder, self._feed = folder, hashlib.sha256(feed.encode()).hexdigest()[:32]
        name = hashlib.sha256(window.encode()).hexdigest()[:32]
        self.path = folder / f"{self._feed}-{name}.jsonl"

    def read(self) -> Kept | None:
        """The records and what was skipped, or None where there is no such file or it is damaged."""
        try:
            header, _, lines = self.path.read_bytes().partition(b"\n")
            head = json.loads(header)
            if head["sha256"] != hashlib.sha256(lines).hexdigest():
                return None
            return [Record(**json.loads(line)) for line in lines.splitlines()], head["skipped"]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, records: Sequence[Record], skipped: Mapping[str, int]) -> None:
        """Keep them, and forget the feed's other windows. Raises `SetupError`."""
        lines = b"".join(json.dumps(asdict(one)).encode() + b"\n" for one in records)
        header = {"sha256": hashlib.sha256(lines).hexdigest(), "skipped": dict(skipped)}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, json.dumps(header).encode() + b"\n" + lines)
            for other in self._folder.glob(f"{self._feed}-*.jsonl"):
                if other != self.path:
                    other.unlink(missing_ok=True)
        except OSError as error:
            raise SetupError(f"the folder {self._folder} cannot be written: {error.strerror}") from error
