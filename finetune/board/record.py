"""Reads a validator's signed report back into frozen values. Hostile until checked: what does not fit is refused."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from competitions.batches import Losses
from competitions.check import Invalid, within
from competitions.competition import WORST_LOSS, Competition
from competitions.duel import Tally
from competitions.lineage import Lineage
from competitions.queue import Candidate
from competitions.rejection import Rejection
from competitions.seat import Seat
from competitions.submission import Submission
from competitions.tables import from_table
from finetune.signing import canonical, signed_by
from finetune.validating.earlier import Earlier
from finetune.validating.judge import Duel
from finetune.validating.moves import Moves
from finetune.validating.pace import Pace, Saved
from finetune.validating.past import Past
from finetune.validating.report import FORMAT
from finetune.validating.state import KnownModel

_READ = (1, FORMAT)  # the first told less: what it lacks has the fields' defaults here

MOST_BYTES = 64_000_000  # of a report's file; an honest one of 17 models and 1,200 samples has half a megabyte

# Bounds that no honest report comes near: they keep figures from overflowing, and the page's cells short.
_MOST_BATCHES = 1e12
_MOST_SECONDS = 1e9
_MOST_BLOCKS = 1e12
_LAST_BLOCK = 2**32 - 1  # the chain counts blocks in 32 bits; loops over turns end
_WORST = max(WORST_LOSS.values())


class Unreadable(ValueError):
    """A report that the board does not use. Its text says why."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """The champion's key before and after the round."""

    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Seats:
    """The seats of all competitions, by id as text, as the round began and as it ended."""

    before: Mapping[str, Seat]
    after: Mapping[str, Seat]


@dataclass(frozen=True, kw_only=True)
class SampleSet:
    """How many samples the round drew, the SHA-256 over them, and rows passed over by rule, by task and reason.

    `digests` are of each sample, in the order of scoring.
    """

    count: int
    digest: str
    digests: tuple[str, ...] = ()
    skipped: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scored:
    """The losses per sample of one entrant, shape (samples scored,), and why scoring stopped, if it did."""

    samples: Losses
    stopped: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """One round as one validator tells it: see `finetune.validating.report.make_record`.

    What has a default is missing in reports of the first format; `earlier` and `moves` are None there.
    """

    format: int
    sync: int
    seed: str
    catalog: str
    competition: Competition
    champion: Change
    epsilon: float
    dethroner: str | None
    seats: Seats
    submissions: tuple[Submission, ...]
    queue: tuple[str, ...]
    resting: tuple[str, ...]
    absent: tuple[str, ...]
    reachable: bool | None
    rejections: Mapping[str, Rejection]
    samples: SampleSet
    control: tuple[float, ...]
    losses: Mapping[str, object]
    duels: Mapping[str, Duel]
    weights: Mapping[str, float]
    seconds: Mapping[str, float]
    tempo: int
    owner: str | None
    consensus: Mapping[str, float]
    uids: Mapping[str, int] = field(default_factory=dict)
    lineage: Mapping[str, Lineage] = field(default_factory=dict)
    time: float = 0.0
    competitions: tuple[Competition, ...] = ()
    earlier: Earlier | None = None
    heirs: Mapping[str, Duel] = field(default_factory=dict)
    moves: Moves | None = None
    models: Mapping[str, KnownModel] = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()
    gates: Mapping[str, str] = field(default_factory=dict)
    dropped_config_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    isolation: str = ""
    device: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    paces: Mapping[str, Pace] = field(default_factory=dict)
    past: Mapping[str, Past] = field(default_factory=dict)
    saved: Saved = field(default_factory=lambda: Saved(samples=0, seconds=0.0))

    def __post_init__(self) -> None:
        within("sync", self.sync, 0, _LAST_BLOCK)
        own = str(self.competition.id)
        for when, seats in (("before", self.seats.before), ("after", self.seats.after)):
            if own not in seats:
                raise Invalid(f"seats.{when}", sorted(seats), f"the seat of competition {own} among them")
        if self.seats.after[own].champion.key != self.champion.after:
            raise Invalid("champion.after", self.champion.after, "the champion of the seat after the round")
        for one in self.submissions:
            within("submissions.block", one.block, 0, self.sync)
        told: list[Duel | Tally] = [*self.duels.values(), *self.heirs.values()]
        told += self.earlier.duels.values() if self.earlier else ()
        for duel in told:
            within("duels.wins", duel.wins, 0, _MOST_BATCHES)
            within("duels.losses", duel.losses, 0, _MOST_BATCHES)
            within("duels.batches", duel.batches, 0, _MOST_BATCHES)
        within("epsilon", self.epsilon, 0, 0.5)
        within("samples.count", self.samples.count, 0, _MOST_BATCHES)
        for share in self.consensus.values():
            within("consensus", share, 0, 1)
        within("tempo", self.tempo, 1, _MOST_BLOCKS)
        for loss in self.control:
            within("control", loss, 0, _WORST)
        for key, known in self.past.items():
            within(f"past.{key}.sync", known.sync, 0, self.sync)
            for loss in known.samples:
                within(f"past.{key}.samples", loss, 0, _WORST)
        for stage, seconds in self.seconds.items():
            within(f"seconds.{stage}", seconds, 0, _MOST_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Account:
    """A record with the validator that signed it, and the losses in it by key."""

    validator: str
    record: Record
    losses: Mapping[str, Scored]


def read_file(path: Path) -> Any:
    """The JSON value in a report's file. Raises `Unreadable` with what is wrong with the file."""
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    if size > MOST_BYTES:
        raise Unreadable(f"{size:,} bytes, allowed is a report of at most {MOST_BYTES:,}")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is no JSON file: {error!s:.200}") from error


def read_report(report: Mapping[str, Any]) -> Account:
    """Check a report's signature, then every value in it. Raises `Unreadable`."""
    validator = signed_by(report)
    if validator is None:
        raise Unreadable("the signature does not fit")
    table = json.loads(canonical(report["record"]))
    found = table.get("format") if isinstance(table, dict) else None
    if type(found) is not int or found not in _READ:
        raise Unreadable(f"the record has format {found!r:.40}, this program reads formats {_READ[0]} to {_READ[-1]}")
    try:
        used = {one.name: table[one.name] for one in fields(Record) if one.name in table}
        record = from_table(Record, used)
        losses = {key: _scored(key, found) for key, found in record.losses.items()}
    except (ValueError, TypeError, OverflowError) as error:
        raise Unreadable(f"the record breaks a rule: {error!s:.300}") from error
    return Account(validator=validator, record=replace(record, losses={}), losses=losses)


def _scored(key: str, found: object) -> Scored:
    """The losses of one entrant. Raises `ValueError` or `TypeError`."""
    if not isinstance(found, dict) or set(found) != {"samples", "stopped"}:
        raise Invalid(f"losses.{key}", found, "a table with samples, stopped")
    samples = np.asarray(found["samples"], dtype=np.float64)
    if samples.ndim != 1 or not ((samples >= 0) & (samples <= _WORST)).all():
        raise Invalid(f"losses.{key}.samples", f"shape {samples.shape}", f"one list of losses from 0 to {_WORST:g}")
    return Scored(samples=samples, stopped=str(found["stopped"]))
