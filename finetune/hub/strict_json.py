"""JSON from strangers: one object, no key twice, only finite numbers, and one clear error for all else."""

import json
import math
from pathlib import Path
from typing import Any

# Honest files stay under ten. Parsers go far deeper than Python code that then walks what they found.
MAX_DEPTH = 64


def parse_object(data: bytes) -> dict[str, Any]:
    """The JSON object that the bytes hold. Raises `ValueError` with what is wrong with them.

    A key given twice is refused: parsers disagree on which one counts, so what one checks another may not use.
    """
    try:
        value = json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_number, parse_float=_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    _check_depth(value)
    return value


def read_object(path: Path, limit: int) -> dict[str, Any]:
    """The JSON object in a file of at most `limit` bytes. Raises `ValueError` with what is wrong with it."""
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"it is larger than {limit:,} bytes")
    return parse_object(data)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        if not level:
            return
        inner = (item for one in level for item in (one.values() if isinstance(one, dict) else one))
        level = [item for item in inner if isinstance(item, dict | list)]
    if level:
        raise ValueError("it is nested too deeply")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it has the same key twice")
    return found


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"it has the number {text[:20]}")
    return value
