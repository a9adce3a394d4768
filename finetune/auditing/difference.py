"""What two validators' reports of one round differ in: the causes, the first of them first, each a plain sentence.

A cause explains those after it: other samples give other losses. Versions and devices differ between honest validators
all the time, so they count as a cause only where figures differ that should not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from competitions.batches import plan
from competitions.seat import Seat
from finetune.auditing.told import discovery_of, earlier_of
from finetune.board.record import Account, Record
from finetune.errors import SetupError
from finetune.validating.report import FORMAT, OWN

Cause = Literal[
    "catalog", "seed", "chain", "model", "task", "sample", "version", "device", "score", "history", "decision"
]
# What follows from the samples, the losses and the history, where these are the same within tolerance.
_FIGURES = {"earlier", "duels", "heirs", "moves", "losses", "control", "samples", "epsilon", "past"}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One cause, and a sentence that names what differs."""

    cause: Cause
    text: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two reports of one round: `differences` in the order in which they cause each other, none where they agree.

    `notes` tell what differs and causes nothing.
    """

    first: str
    second: str
    sync: int
    competition: int
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]

    def as_table(self) -> dict[str, Any]:
        """All of it as plain values, for JSON."""
        cause = self.differences[0].cause if self.differences else None
        return {**asdict(self), "same": not self.differences, "cause": cause}


def compare(first: Account, second: Account) -> Comparison:
    """Compare two accounts of one round. Raises `SetupError` where they tell of different rounds."""
    one, other = first.record, second.record
    if FORMAT not in (one.format, other.format) or one.format != other.format:
        raise SetupError("one of the reports is of format 1, which does not tell enough to compare")
    if (one.sync, one.competition.id) != (other.sync, other.competition.id):
        raise SetupError(
            f"the reports tell of two rounds: block {one.sync} of competition {one.competition.id}, and block "
            f"{other.sync} of competition {other.competition.id}"
        )
    inputs = [*_catalog(one, other), *_seed(one, other), *_chain(one, other), *_models(first, second)]
    inputs += _samples(one, other)
    scores, history = list(_scores(first, second)), list(_history(first, second))
    results = [*scores, *history]
    if not inputs and not results:
        results += _decision(one, other)
    machines = list(_machines(one, other))
    if not results:
        notes = tuple(found.text for found in machines)
        return _comparison(first, second, inputs, (*notes, *_within_tolerance(first, second)))
    blamed = machines if scores or results[0].cause == "decision" else []
    return _comparison(first, second, [*inputs, *blamed, *results], ())


def _comparison(first: Account, second: Account, found: list[Difference], notes: tuple[str, ...]) -> Comparison:
    return Comparison(
        first=first.validator,
        second=second.validator,
        sync=first.record.sync,
        competition=first.record.competition.id,
        differences=tuple(found),
        notes=notes,
    )


def _catalog(one: Record, other: Record) -> Iterator[Difference]:
    if one.catalog == other.catalog:
        return
    ours, theirs = ({f"{each.id}@{each.first_block}": asdict(each) for each in of.competitions} for of in (one, other))
    where = next(_paths(ours, theirs), "")
    yield Difference(cause="catalog", text=f"They play by different catalogs; the first difference is {where}.")


def _paths(one: Any, other: Any, path: str = "competitions") -> Iterator[str]:
    """Every place where two plain values differ, as text."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            if key not in one or key not in other:
                yield f"{path}.{key}, which only the {'second' if key in other else 'first'} has"
            else:
                yield from _paths(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        for number, (ours, theirs) in enumerate(zip(one, other, strict=True)):
            yield from _paths(ours, theirs, f"{path}[{number}]")
    elif one != other:
        yield f"{path}: {one!s:.80} and {other!s:.80}"


def _seed(one: Record, other: Record) -> Iterator[Difference]:
    if one.seed != other.seed:
        text = f"They saw different hashes of block {one.sync}: {one.seed[:16]}… and {other.seed[:16]}…"
        yield Difference(cause="seed", text=text)


def _chain(one: Record, other: Record) -> Iterator[Difference]:
    ours, theirs = (asdict(discovery_of(of)) | {"seed": ""} for of in (one, other))
    where = next(_paths(ours, theirs, "the subnet"), None)
    if where is not None:
        yield Difference(cause="chain", text=f"They saw different things on chain; the first difference is {where}.")


def _models(first: Account, second: Account) -> Iterator[Difference]:
    yield from (found for found in _missing(first, second) if found.cause == "model")
    for key in sorted({*first.losses} & {*second.losses}):
        ours, theirs = (of.record.models.get(key) for of in (first, second))
        if ours is not None and theirs is not None and ours != theirs:
            text = f"They scored different files as {key}: digests {ours.digest[:16]}… and {theirs.digest[:16]}…"
            yield Difference(cause="model", text=text)


def _missing(first: Account, second: Account) -> Iterator[Difference]:
    """Whom only one has scored. Who was turned away is a missing model; who had no turn, a matter of history."""
    for key in sorted({*first.losses} ^ {*second.losses}):
        lacking, name = (second, "second") if key in first.losses else (first, "first")
        record = lacking.record
        if key in record.rejections:
            found = record.rejections[key]
            why = f"{found.reason}, the {found.fault}'s fault ({found.text})"
        elif key in record.resting:
            why = "it rested after an early stop"
        elif key in record.queue:
            why = f"it was number {record.queue.index(key) + 1} in the queue, and had no place"
        else:
            why = f"the champion there was {record.champion.before}"
        cause: Cause = "model" if key in record.rejections else "history"
        yield Difference(cause=cause, text=f"The {name} did not score {key}: {why}.")


def _samples(one: Record, other: Record) -> Iterator[Difference]:
    """A task of which no sample is the same was drawn from another source; else single samples differ."""
    digests = (one.samples.digests, other.samples.digests)
    tasks = [task.name for task in plan(one.competition) for _ in range(one.competition.round.batch_size)]
    if len(digests[0]) != len(digests[1]) or len(tasks) != len(digests[0]):
        yield Difference(cause="task", text=f"They drew {len(digests[0])} and {len(digests[1])} samples.")
        return
    same = np.array([ours == theirs for ours, theirs in zip(*digests, strict=True)], dtype=bool)
    names = np.array(tasks)
    whole = [name for name in dict.fromkeys(tasks) if not same[names == name].any()]
    for name in whole:
        text = f"All {int((names == name).sum())} samples of task {name} differ: it was drawn from another source."
        yield Difference(cause="task", text=text)
    single = [int(number) for number in np.flatnonzero(~same) if tasks[number] not in whole]
    if single:
        text = f"{len(single)} samples differ; the first is sample {single[0]}, of task {tasks[single[0]]}."
        yield Difference(cause="sample", text=text)
    elif same.all() and one.samples.skipped != other.samples.skipped:
        where = next(_paths(one.samples.skipped, other.samples.skipped, "samples.skipped"), "")
        yield Difference(cause="task", text=f"They passed over different rows: {where}.")


def _machines(one: Record, other: Record) -> Iterator[Difference]:
    where = list(_paths(dict(one.versions), dict(other.versions), "versions"))
    if where:
        yield Difference(cause="version", text=f"They run different versions: {'; '.join(where)}.")
    if one.device != other.device:
        yield Difference(cause="device", text=f"They score on different devices: {one.device} and {other.device}.")


def _shared(first: Account, second: Account) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """By key, the losses on the samples that both scored, each of shape (shared samples,)."""
    for key in sorted({*first.losses} & {*second.losses}):
        ours, theirs = first.losses[key].samples, second.losses[key].samples
        shared = min(len(ours), len(theirs))
        yield key, ours[:shared], theirs[:shared]


def _scores(first: Account, second: Account) -> Iterator[Difference]:
    tolerance = first.record.competition.reference.control_tolerance
    for key, ours, theirs in _shared(first, second):
        beyond = np.flatnonzero(~(np.abs(ours - theirs) <= tolerance))
        if len(beyond):
            number = int(beyond[0])
            text = (
                f"{len(beyond)} of {len(ours)} losses of {key} differ by more than the tolerance of {tolerance:g}; the "
                f"first is sample {number}: {ours[number]:.6f} and {theirs[number]:.6f}."
            )
            yield Difference(cause="score", text=text)


def _within_tolerance(first: Account, second: Account) -> Iterator[str]:
    gaps = [np.abs(ours - theirs) for _, ours, theirs in _shared(first, second)]
    every = np.concatenate(gaps) if gaps else np.empty(0)
    if (every > 0).any():
        yield f"{int((every > 0).sum())} of {len(every)} losses differ, by {every.max():.2g} at most: within tolerance."


def _history(first: Account, second: Account) -> Iterator[Difference]:
    """What earlier rounds have left, and whom only one has scored because of it."""
    one, other = first.record, second.record
    pairs: tuple[tuple[str, Mapping[str, Any], Mapping[str, Any]], ...] = (
        ("the seats as the round began", one.seats.before, other.seats.before),
        ("early stops", earlier_of(one).stops, earlier_of(other).stops),
        ("the batches fought", _batches(one), _batches(other)),
    )
    for what, ours, theirs in pairs:
        where = next(_paths(_plain(ours), _plain(theirs), what), None)
        if where is not None:
            text = f"They bring other things from earlier rounds; the first difference is {where}."
            yield Difference(cause="history", text=text)
            break
    yield from (found for found in _missing(first, second) if found.cause == "history")


def _batches(record: Record) -> Mapping[str, int]:
    return {key: duel.batches for key, duel in earlier_of(record).duels.items()}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _seat(value) if isinstance(value, Seat) else value for key, value in values.items()}


def _seat(seat: Seat) -> dict[str, Any]:
    before = ", ".join(one.key for one in seat.before) or "nobody"
    return {**asdict(seat), "champion": seat.champion.key, "before": before}


def _decision(one: Record, other: Record) -> Iterator[Difference]:
    """What differs although everything that it follows from is the same within tolerance."""
    ours, theirs = ({k: v for k, v in asdict(of).items() if k not in {*_FIGURES, *OWN}} for of in (one, other))
    where = next(_paths(ours, theirs, "the record"), None)
    if where is not None:
        yield Difference(cause="decision", text=f"Their losses agree, and still they differ in {where}.")
