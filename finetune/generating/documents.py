"""Documents: the Markdown and plain-text files of a folder, as text. What cannot be read is skipped and counted.

It knows no heading and no section. Links are never followed, and folders whose names begin with a dot are left out.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from finetune.errors import SetupError

MARKDOWN = (".md", ".markdown")
PLAIN = (".txt",)
MOST_BYTES = 2_000_000  # of one document; a long novel has half of that
MOST_BYTES_IN_ALL = 200_000_000  # all text is held in memory


@dataclass(frozen=True, kw_only=True)
class Document:
    """The text of one file. `name` is its path from the folder that was given, that folder's own name first."""

    name: str
    text: str
    is_markdown: bool


@dataclass(frozen=True, kw_only=True)
class Documents:
    """What was read, by name, and how many files were not, by reason."""

    read: tuple[Document, ...]
    skipped: Mapping[str, int]


def read_documents(sources: Sequence[Path]) -> Documents:
    """Read every .md and .txt file of the given files and folders.

    Raises `SetupError` for a source that is not there, two documents of one name, no document at all, or more text
    than memory should hold.
    """
    found: dict[str, Document] = {}
    skipped: Counter[str] = Counter()
    total = 0
    for source in sources:
        if not source.exists():
            raise SetupError(f"{source} is not there; name files or folders of .md and .txt documents")
        for path, name in _files(source, skipped):
            try:
                text = _text(path, name)
            except ValueError as reason:
                skipped[str(reason)] += 1
                continue
            if name in found:
                raise SetupError(f"two documents are called {name}; rename one of their folders")
            found[name] = Document(name=name, text=text, is_markdown=path.suffix.lower() in MARKDOWN)
            total += len(text)
            if total > MOST_BYTES_IN_ALL:
                raise SetupError(f"the documents have more than {MOST_BYTES_IN_ALL:,} characters; take fewer at once")
    if not found:
        why = ", ".join(f"{count} {reason}" for reason, count in skipped.items()) or "the folders are empty"
        raise SetupError(f"there is no .md or .txt document to read: {why}")
    return Documents(read=tuple(found[name] for name in sorted(found)), skipped=dict(skipped))


def _files(source: Path, skipped: Counter[str]) -> Iterator[tuple[Path, str]]:
    """Every file of the source with its document's name."""
    if not source.is_dir():
        yield source, source.name
        return

    def unreadable(_: OSError) -> None:
        skipped["unreadable"] += 1

    root = source.resolve()
    for folder, inner, files in os.walk(root, onerror=unreadable):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for file in sorted(files):
            path = Path(folder) / file
            yield path, path.relative_to(root.parent).as_posix()


def _text(path: Path, name: str) -> str:
    """The file's text. Raises `ValueError` with the reason to skip it."""
    if path.suffix.lower() not in MARKDOWN + PLAIN:
        raise ValueError("not .md or .txt")
    if not name.isprintable():
        raise ValueError("of a name that cannot be printed")
    if path.is_symlink() or not path.is_file():
        raise ValueError("links or devices")
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError:
        raise ValueError("unreadable") from None
    if len(data) > MOST_BYTES:
        raise ValueError(f"over {MOST_BYTES:,} bytes")
    if b"\0" in data:
        raise ValueError("binary")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    if not text.strip():
        raise ValueError("empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")
