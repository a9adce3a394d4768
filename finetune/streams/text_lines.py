"""Text lines: plain text from a JSONL file on this machine, one {"text": ...} a line. It knows no hub.

The file is read once, and its SHA-256 taken over the very bytes that are drawn from, so a file that changes later
changes nothing.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from finetune.errors import SetupError
from finetune.streams.cutting import cut
from finetune.streams.draws import Draws
from finetune.streams.options import whole_number
from finetune.streams.sample import Sample


@dataclass(frozen=True, kw_only=True)
class TextLines:
    """Draws any document with the same chance, cut to at most `max_bytes` of UTF-8."""

    texts: tuple[str, ...]
    max_bytes: int

    def draw(self, seed: bytes) -> Sample:
        """The sample of one 32-byte seed: no messages, and the beginning of one document as the reference."""
        text = Draws(seed).choice(self.texts)
        document = hashlib.sha256(text.encode()).hexdigest()
        return Sample(messages=(), reference=cut(text, self.max_bytes), document=document)


def open_text_lines(*, path: str, sha256: str, max_bytes: int = 1024) -> TextLines:
    """Open the JSONL file at `path`. Raises `SetupError` if it cannot be read or is not the file of that `sha256`."""
    whole_number("text_lines", "max_bytes", max_bytes, least=16, most=1_000_000)
    try:
        data = Path(path).read_bytes()
    except (OSError, TypeError, ValueError) as error:
        raise SetupError(f"stream text_lines cannot read {path!r}: {error}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise SetupError(f"stream text_lines: {path} has SHA-256 {found}; the option sha256 says {sha256!r:.80}")
    texts = tuple(_text(line, f"{path} line {number}") for number, line in enumerate(data.splitlines(), start=1))
    if not texts:
        raise SetupError(f"stream text_lines: {path} has no lines")
    return TextLines(texts=texts, max_bytes=max_bytes)


def _text(line: bytes, place: str) -> str:
    """The text of one line, without white space around it."""
    try:
        text = json.loads(line)["text"].strip()
        text.encode()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SetupError(f'stream text_lines: {place} is not {{"text": "..."}} in UTF-8') from error
    if not text:
        raise SetupError(f"stream text_lines: {place} has an empty text")
    return str(text)
