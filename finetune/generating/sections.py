"""Sections: what one request is about. A part under a heading, or a piece of one that is longer than the bound."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from finetune.generating.checks import has_template_tokens
from finetune.generating.documents import Document
from finetune.generating.headings import split_at_headings

LEAST_BYTES = 200  # about 40 words: less gives nothing to ask about
MOST_BYTES = 4_000  # about 1,000 tokens


@dataclass(frozen=True, kw_only=True)
class Section:
    """A passage of a document, and the titles that lead to it."""

    document: str
    titles: tuple[str, ...]
    text: str

    @property
    def title(self) -> str:
        """The titles in one line."""
        return " > ".join(self.titles)

    @property
    def digest(self) -> bytes:
        """SHA-256 of all of it."""
        return hashlib.sha256(json.dumps([self.document, self.titles, self.text]).encode()).digest()


@dataclass(frozen=True, kw_only=True)
class Sections:
    """The sections in the documents' order, and how many were left out, by reason."""

    cut: tuple[Section, ...]
    skipped: Mapping[str, int]


def cut_sections(documents: Iterable[Document], *, least: int = LEAST_BYTES, most: int = MOST_BYTES) -> Sections:
    """Cut documents at their headings, and longer parts between paragraphs, into sections of `least` to `most` bytes.

    A part under `least` bytes is left out, and so is one with marks of chat templates, which rows must not carry, or a
    text that has come before, whatever its titles.
    """
    found: dict[str, Section] = {}
    skipped: Counter[str] = Counter()
    for document in documents:
        for part in split_at_headings(document.text, is_markdown=document.is_markdown):
            for text in _pieces(part.text, most):
                if len(text.encode()) < least:
                    skipped[f"under {least} bytes"] += 1
                elif has_template_tokens(text):
                    skipped["with template tokens"] += 1
                elif text in found:
                    skipped["seen before"] += 1
                else:
                    found[text] = Section(document=document.name, titles=part.titles, text=text)
    return Sections(cut=tuple(found.values()), skipped=dict(skipped))


def sections_digest(sections: Sequence[Section]) -> str:
    """SHA-256 over all sections in order, in hex."""
    return hashlib.sha256(b"".join(section.digest for section in sections)).hexdigest()


def _pieces(text: str, most: int) -> Iterator[str]:
    """The text in pieces of at most `most` bytes, cut between paragraphs, else lines, else words."""
    yield from _packed(_paragraphs(text), "\n\n", most)


def _paragraphs(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in text.split("\n"):
        if line.strip():
            lines.append(line)
        elif lines:
            yield "\n".join(lines)
            lines = []
    if lines:
        yield "\n".join(lines)


def _packed(units: Iterable[str], joint: str, most: int) -> Iterator[str]:
    """As many units in each piece as fit; one that does not fit alone is broken up."""
    piece: list[str] = []
    size = 0
    for unit in units:
        length = len(unit.encode()) + len(joint)
        if piece and size + length > most + len(joint):
            yield joint.join(piece)
            piece, size = [], 0
        if length > most + len(joint):
            yield from _packed(unit.split("\n"), "\n", most) if "\n" in unit else _chopped(unit, most)
        else:
            piece.append(unit)
            size += length
    if piece:
        yield joint.join(piece)


def _chopped(line: str, most: int) -> Iterator[str]:
    """A line in pieces, cut between words, or inside a word that is longer than a piece."""
    data, start = line.encode(), 0
    while start < len(data):
        # Half a character at the end of the bytes is dropped with "ignore".
        piece = data[start : start + most].decode(errors="ignore")
        if start + most < len(data) and " " in piece.strip():
            piece = piece[: piece.rstrip().rindex(" ") + 1]
        start += len(piece.encode())
        if piece.strip():
            yield piece.strip()
