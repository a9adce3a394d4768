"""What a validator and its worker say to each other: one JSON object a line. It knows no pipe and no process.

The worker reads a job and then a line for every loss wanted, so that it can be stopped after any of them. It answers
with phases, losses, or the reason why there are none. Whatever it says is checked here: it has read a stranger's files.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from competitions.rejection import Rejection
from finetune.errors import ModelRejected, ScorerUnavailable, ScoringError
from finetune.evals.port import Folders
from finetune.evals.runtime import DType
from finetune.printable import printable
from finetune.streams.sample import AnySample, as_plain, from_plain

MAX_LINE = 1 << 20  # bytes of one line from the worker; honest ones have some hundred
READY, NEXT, CLOSE = {"ready": True}, {"next": True}, {"close": True}

_LARGEST = 1 << 63  # of the figures that belong to a reason
_REASON = re.compile(r"[a-z][a-z_]{0,59}")


@dataclass(frozen=True, kw_only=True)
class Job:
    """A model to open, and what to score it on."""

    folders: Folders
    items: Sequence[tuple[str, AnySample]]
    sequence_length: int
    dtype: DType


def line(message: Mapping[str, Any]) -> bytes:
    """One message as it travels."""
    return json.dumps(message).encode() + b"\n"


def job_message(job: Job) -> dict[str, Any]:
    """The job as a message; `read_job` turns it back. The worker stands in another folder, so paths are absolute."""
    folders = {name: str(path.absolute()) if path else None for name, path in vars(job.folders).items()}
    items = [[method, as_plain(sample)] for method, sample in job.items]
    return {"folders": folders, "items": items, "sequence_length": job.sequence_length, "dtype": job.dtype}


def read_job(message: Mapping[str, Any]) -> Job:
    """The job that `job_message` wrote down."""
    model, base, tokenizer = (message["folders"][name] for name in ("model", "base", "tokenizer"))
    return Job(
        folders=Folders(
            model=Path(model), base=Path(base) if base else None, tokenizer=Path(tokenizer) if tokenizer else None
        ),
        items=[(method, from_plain(plain)) for method, plain in message["items"]],
        sequence_length=message["sequence_length"],
        dtype=message["dtype"],
    )


def error_message(error: Exception) -> dict[str, Any]:
    """What the worker says when it cannot go on."""
    if isinstance(error, ModelRejected):
        one = error.rejection
        return {"rejected": {"reason": one.reason, "text": one.text, "evidence": dict(one.evidence)}}
    return {"unavailable" if isinstance(error, ScorerUnavailable) else "failed": str(error)}


def read_answer(data: bytes) -> str | float | None:
    """One line from the worker: a phase it enters, a loss, or None when it is ready for the next job.

    Raises the error that the worker reports, and `ScoringError` for a line that is none of these.
    """
    try:
        message = json.loads(data)
        kind, value = next(iter(message.items()))
    except (ValueError, AttributeError, StopIteration, RecursionError):
        raise _nonsense(data) from None
    match kind, value:
        case "ready", True:
            return None
        case "phase", str():
            return printable(value, 40)
        case "loss", float() if math.isfinite(value):
            return value
        case "rejected", {"reason": str() as reason, "text": str() as text, "evidence": dict() as evidence}:
            if _REASON.fullmatch(reason):
                raise ModelRejected(Rejection(reason=reason, text=printable(text, 1000), evidence=_bounded(evidence)))
        case "failed", str():
            raise ScoringError(printable(value, 1000))
        case "unavailable", str():
            raise ScorerUnavailable(printable(value, 1000))
    raise _nonsense(data)


def _bounded(evidence: Mapping[str, Any]) -> dict[str, object]:
    """At most 16 figures and short texts, such as a signed report can hold."""
    kept: dict[str, object] = {}
    for key, value in list(evidence.items())[:16]:
        if isinstance(value, str):
            kept[printable(key, 40)] = printable(value, 1000)
        elif isinstance(value, int | float) and abs(value) < _LARGEST:
            kept[printable(key, 40)] = value
    return kept


def _nonsense(data: bytes) -> ScoringError:
    return ScoringError(f"the worker said something that no worker says: {data[:80]!r}")
