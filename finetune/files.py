"""Writing a file so that a reader, or a crash, sees the old one or the new one and nothing between."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from finetune.errors import SetupError


def write_atomically(path: Path, data: bytes) -> None:
    """Write to a temporary file beside it, flush to disk, rename. Raises `SetupError`."""
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            # A temporary file is for its owner alone; what it becomes is for whoever may read the folder.
            os.fchmod(file.fileno(), 0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()
        raise SetupError(f"{path} cannot be written: {error.strerror}") from error
