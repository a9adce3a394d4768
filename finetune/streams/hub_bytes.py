"""The bytes of a file that a hub lists: how a stream has them fetched, and what they hash to."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from finetune.hub.port import HubFile

# Fetches files of a revision, and says where they lie, in their order.
Fetch = Callable[[Sequence[HubFile]], Sequence[Path]]


def sha256_of(file: HubFile, fetch: Fetch) -> str:
    """The SHA-256 of a file's bytes; for a large file that is the hub's own name for them."""
    if len(file.content) == 64:
        return file.content
    (path,) = fetch([file])
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
