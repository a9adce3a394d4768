"""File contents on disk, each under its SHA-256. It knows no repositories: who may read what is decided elsewhere."""

import hashlib
import os
import secrets
from collections.abc import AsyncIterable
from pathlib import Path

from finetune.hub.server.names import Refusal, checked_sha256


class Blobs:
    """Contents by SHA-256 under `root`. A content is there in full or not at all, whenever the process is killed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        for leftover in self._incoming.iterdir():
            leftover.unlink()

    def path(self, sha256: str) -> Path:
        """Where the content lies, or would lie."""
        return self._root / checked_sha256(sha256)[:2] / sha256

    def add(self, content: bytes) -> str:
        """Store a content; returns its SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.path(sha256).exists():
            incoming = self._incoming / secrets.token_hex(8)
            with incoming.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            self._settle(incoming, sha256)
        return sha256

    async def receive(self, chunks: AsyncIterable[bytes], *, sha256: str, size: int) -> None:
        """Store what arrives, if it is what was announced. Raises `Refusal`, and keeps nothing, if it is not."""
        digest, received = hashlib.sha256(), 0
        incoming = self._incoming / secrets.token_hex(8)
        try:
            with incoming.open("wb") as file:
                async for chunk in chunks:
                    received += len(chunk)
                    if received > size:
                        raise Refusal(413, f"more than the {size:,} bytes announced")
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            if received != size or digest.hexdigest() != sha256:
                raise Refusal(400, "the content is not the one announced")
            self._settle(incoming, sha256)
        finally:
            incoming.unlink(missing_ok=True)

    def _settle(self, incoming: Path, sha256: str) -> None:
        target = self.path(sha256)
        target.parent.mkdir(exist_ok=True)
        incoming.replace(target)
