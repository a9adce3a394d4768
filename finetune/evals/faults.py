"""Turns what libraries raise on a model's files into one sentence. It knows no library's exceptions by name."""

from collections.abc import Iterator
from contextlib import contextmanager

from competitions.rejection import Rejection
from finetune.errors import FinetuneError, ModelRejected, ScoringError
from finetune.evals.memory import is_out_of_memory


@contextmanager
def as_scoring_error(doing: str) -> Iterator[None]:
    """Raise `ScoringError`, saying what was being `doing`, for any failure inside.

    Files written to break a loader make it raise nearly anything: a list of classes would have holes. Memory that ran
    out is a `ModelRejected`.
    """
    try:
        yield
    except FinetuneError:
        raise
    except BaseException as error:
        # A panic in tokenizers is a BaseException, of a class that cannot be imported.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        if is_out_of_memory(error):
            text = f"{doing} needs more memory than there is"
            raise ModelRejected(Rejection(reason="out_of_memory", text=text)) from error
        lines = str(error).strip().splitlines() or ["no reason given"]
        raise ScoringError(f"{doing} failed: {type(error).__name__}: {lines[0]:.300}") from error
