"""Folders that are there whole or not at all. It knows nothing of what is in them."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from finetune.errors import SetupError


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A temporary folder beside `out` to build in; renamed to `out` when the block ends well, else removed.

    Raises `SetupError` if `out` is there already (nothing is overwritten) or cannot be made.
    """
    if out.exists():
        raise SetupError(f"{out} is there already; remove it or name another folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise SetupError(f"cannot make the folder {out}: {error}") from error
    try:
        yield building
        # A temporary folder is for its owner alone; what it becomes is for whoever may read its parent.
        building.chmod(0o755)
        try:
            building.rename(out)
        except OSError as error:
            raise SetupError(f"cannot put the finished folder at {out}: {error}") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
