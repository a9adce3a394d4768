"""The process in which strangers' parquet files are read. `parquet_reader` starts it behind walls and talks to it.

It answers one JSON line with another until its input ends: how many rows a file has, or what one row holds.
"""

import json
import os
import resource
import sys
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from finetune.errors import StreamError
from finetune.streams.parquet_rows import BadRow, Columns, LocalFile, ParquetRows, Shelf

_SHELF = Shelf()
_OPEN_FILES = 4096  # whose row groups are known; 1,000 of them take 0.1 MB a file


def main() -> None:
    """Serve until the input ends. `argv`: bytes of address space that the process may have in all."""
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # Whatever a library prints goes to standard error, never between two answers.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    for line in sys.stdin.buffer:
        answers.write(json.dumps(_answer(json.loads(line))).encode() + b"\n")


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    """What a question has for an answer: `rows`, or the fields of a `Row`, or why the row or the file is no good."""
    listed = {name: tuple(asked[name]) for name in ("texts", "lists", "numbers")}
    columns = Columns(**listed, turns=asked["turns"])
    try:
        file = _opened(asked["path"], asked["name"], columns)
        if asked["row"] is None:
            return {"rows": file.rows}
        return asdict(file.read(asked["row"]))
    except BadRow as error:
        return {"bad": str(error)}
    except StreamError as error:
        return {"unsound": str(error)}


@lru_cache(_OPEN_FILES)
def _opened(path: str, name: str, columns: Columns) -> ParquetRows:
    return ParquetRows(LocalFile(path=Path(path), name=name), columns, _SHELF)


if __name__ == "__main__":
    main()
