"""The samples of a round drawn again from its seed, beside the digests that its report tells."""

from collections.abc import Iterator

from competitions.batches import plan
from finetune.auditing.check import Check, check, differs
from finetune.auditing.told import discovery_of
from finetune.board.record import Record
from finetune.errors import FinetuneError
from finetune.streams.drawing import Drawn, draw_samples
from finetune.streams.registry import OpenStream
from finetune.validating.digests import sample_digests

NAME = "the samples drawn again from the seed are those of the report"


def redraw(record: Record, open_stream: OpenStream) -> tuple[Check, Drawn | None]:
    """Draw the round's samples again; none where a source could not be had."""
    competition, window = record.competition, discovery_of(record).window(record.competition)
    try:
        drawn = draw_samples(competition, bytes.fromhex(record.seed), open_stream, window)
    except FinetuneError as error:
        return Check(name=NAME, skipped=str(error)), None
    except ValueError as error:
        return Check(name=NAME, faults=(f"seed: {error}",)), None
    return check(NAME, _faults(record, drawn)), drawn


def _faults(record: Record, drawn: Drawn) -> Iterator[str | None]:
    digests, told = sample_digests(drawn.samples), record.samples.digests
    tasks = [task.name for task in plan(record.competition) for _ in range(record.competition.round.batch_size)]
    other = [number for number, (one, found) in enumerate(zip(told, digests, strict=False)) if one != found]
    yield differs("samples, how many", len(told), len(digests))
    if other:
        first = f"the first is sample {other[0]} of task {tasks[other[0]]}"
        yield f"samples: {len(other)} of {len(digests)} differ, {first}"
    skipped = {task: dict(counts) for task, counts in record.samples.skipped.items()}
    yield differs("samples.skipped", skipped, {task: dict(counts) for task, counts in drawn.skipped.items()})
