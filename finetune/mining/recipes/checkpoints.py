"""The folder of a training in progress: whose it is, and which of its checkpoints are whole. It knows no model.

A checkpoint is many files. One that was being written when the process died lacks its mark, and is removed.
"""

import json
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from finetune.errors import SetupError
from finetune.files import write_atomically

_MARK, _IDENTITY, _STATE = "whole", "training.json", "trainer_state.json"


def progress_folder(out: Path) -> Path:
    """The folder beside `out` in which its training keeps what it needs to go on."""
    return out.with_name(f"{out.name}.training")


def claim(folder: Path, identity: Mapping[str, Any]) -> None:
    """Take the folder for the training that these values describe. Raises `SetupError` if it is another's."""
    file = folder / _IDENTITY
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = json.loads(file.read_text("utf-8")) if file.exists() else None
    except (OSError, ValueError) as error:
        raise SetupError(f"{folder} cannot be used to train in: {error}") from error
    if found is None:
        write_atomically(file, json.dumps(identity, indent=1).encode())
        return
    wanted = json.loads(json.dumps(identity))
    differing = [key for key in {**found, **wanted} if found.get(key) != wanted.get(key)]
    if differing:
        told = ", ".join(f"{key} was {found.get(key)!r:.60} and is {wanted.get(key)!r:.60}" for key in differing)
        raise SetupError(f"{folder} holds another training: {told}; remove that folder, or name another for the result")


def of_step(folder: Path, step: int) -> Path:
    """The checkpoint of a step."""
    return folder / f"checkpoint-{step}"


def mark_whole(checkpoint: Path) -> None:
    """Say that every file of a checkpoint is written. Raises `SetupError`."""
    write_atomically(checkpoint / _MARK, b"")


def newest(folder: Path) -> Path | None:
    """The last whole checkpoint, if there is one."""
    whole = [path for path in folder.glob("checkpoint-*") if (path / _MARK).exists()]
    return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def sweep(folder: Path, *, halves: bool) -> None:
    """Remove the checkpoints: those without a mark alone where `halves`, else all."""
    for path in folder.glob("checkpoint-*"):
        if not (halves and (path / _MARK).exists()):
            _remove(path)


def keep(folder: Path, steps: Collection[int]) -> None:
    """Remove the checkpoints of all other steps."""
    for path in set(folder.glob("checkpoint-*")) - {of_step(folder, step) for step in steps}:
        _remove(path)


def history(checkpoint: Path) -> list[dict[str, Any]]:
    """What was logged up to a checkpoint. Raises `SetupError` if it cannot be read."""
    try:
        found: list[dict[str, Any]] = json.loads((checkpoint / _STATE).read_text("utf-8"))["log_history"]
    except (OSError, ValueError, KeyError) as error:
        raise SetupError(f"{checkpoint} cannot be read: {error}; remove that folder") from error
    return found


def _remove(checkpoint: Path) -> None:
    # The mark goes first: what this leaves behind when the process dies here must not pass for whole.
    (checkpoint / _MARK).unlink(missing_ok=True)
    shutil.rmtree(checkpoint, ignore_errors=True)
