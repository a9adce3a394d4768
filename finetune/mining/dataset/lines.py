"""Lines of a file, with bounded memory for each, and the JSON object in one. It knows no form of training data."""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finetune.errors import SetupError
from finetune.hub.strict_json import parse_object
from finetune.mining.dataset.faults import BadLine

# A long book is about 1 MB. Parsed JSON can take some 30 times the memory of its line.
MOST_BYTES = 8 * 2**20
# In so many bytes gzip, zip and UTF-16 have a NUL, which JSON never has.
_HEAD = 16


def read_lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers from 1.

    Of a line longer than `MOST_BYTES` only that much and one byte more is kept. A byte order mark at the beginning is
    passed over. Raises `SetupError` for a file that is not there, cannot be read, or begins as no text does.
    """
    # A device or a pipe may never end, and what has been read of it cannot be read again.
    if not file.is_file():
        raise SetupError(f"{file} is no file; training data is one or more files of JSON lines")
    try:
        with file.open("rb") as opened:
            if b"\0" in opened.read(_HEAD):
                raise SetupError(f"{file} is compressed, or no UTF-8; unpack or convert it to lines of JSON first")
            opened.seek(0)
            number = 0
            while line := opened.readline(MOST_BYTES + 1):
                number += 1
                rest = line
                while len(rest) > MOST_BYTES and not rest.endswith(b"\n"):
                    rest = opened.readline(MOST_BYTES + 1)
                if number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                if line.strip():
                    yield number, line
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}") from error


def parse_line(line: bytes) -> dict[str, Any]:
    """The JSON object of one line. Raises `BadLine`."""
    if len(line.rstrip(b"\r\n")) > MOST_BYTES:
        raise BadLine("a line is too long", f"it has more than {MOST_BYTES:,} bytes")
    if line.lstrip().startswith(b"["):
        raise BadLine("its JSON cannot be read", "it begins a list; each line must be one object by itself")
    try:
        return parse_object(line)
    except json.JSONDecodeError as error:
        what = error.msg.rstrip(": ").removesuffix(" at")
        raise BadLine("its JSON cannot be read", f"{what} at character {error.pos + 1}") from None
    except ValueError as error:
        raise BadLine("its JSON cannot be read", str(error)) from None
