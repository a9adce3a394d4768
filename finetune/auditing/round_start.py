"""The first half of a round from its report alone: its rules, seats, queue, models and samples. Each check: its faults.

The validator's own functions are asked again wherever there is one. What earlier rounds have left is taken as told.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from competitions.files import CatalogError
from competitions.queue import choose
from competitions.schedule import Catalog
from competitions.season import REFERENCE
from competitions.seat import vacate
from finetune.auditing.check import differs
from finetune.auditing.told import ToldSeason, discovery_of, earlier_of, rivals_of, seat_of
from finetune.board.record import Account, Record
from finetune.errors import ScoringError
from finetune.hub.digest import secure_hash
from finetune.validating.admit import admit
from finetune.validating.control import check_control
from finetune.validating.digests import DIGEST_BYTES, digest_over
from finetune.validating.seating import seating
from finetune.validating.state import State

_HEX = set("0123456789abcdef")


def rules(record: Record) -> Iterator[str | None]:
    """The catalog and its fingerprint, whose turn it is, and the epsilon that follows."""
    try:
        catalog = Catalog(record.competitions)
        turn = catalog.turn(record.sync)
    except (CatalogError, ZeroDivisionError) as error:
        yield f"the competitions make no catalog that runs at block {record.sync}: {error}"
        return
    yield differs("catalog", record.catalog, catalog.fingerprint)
    yield differs("competition", record.competition, turn)
    yield differs("sync, which is no sync block", record.sync, record.sync - record.sync % catalog.sync_blocks)
    yield differs("seed, in hex", len(record.seed), 64) or (None if set(record.seed) <= _HEX else "seed: is not in hex")
    running = sorted(str(one.id) for one in catalog.at(record.sync))
    for when, seats in (("before", record.seats.before), ("after", record.seats.after)):
        yield differs(f"seats.{when}, the competitions", sorted(seats), running)
    yield differs("earlier.seats, the competitions", sorted(earlier_of(record).seats), running)
    epsilon = record.competition.epsilon.at(record.sync - seat_of(record).champion.block)
    yield differs("epsilon", record.epsilon, epsilon)
    yield differs("champion.before", record.champion.before, seat_of(record).champion.key)


def seats_before(record: Record) -> Iterator[str | None]:
    """A word that the validator's own evidence refutes leaves the seat as it is: whether it does, `season` sees."""
    catalog, discovery = Catalog(record.competitions), discovery_of(record)
    state = State(Path(":memory:"))
    try:
        for number, kept in earlier_of(record).seats.items():
            if kept.seat is not None:
                state.keep_seat(int(number), kept.seat, kept.judged)
        expected = seating(state, catalog, discovery).seats
    finally:
        state.close()
    for competition in catalog.at(record.sync):
        number = str(competition.id)
        told, found = record.seats.before[number], expected[number]
        seat = earlier_of(record).seats[number].seat
        if seat is not None and found.champion != told.champion:
            seat = vacate(seat, discovery.standing, competition)
            found = replace(seat, differing=seat.differing + 1)
        yield differs(f"seats.before.{number}", told, found)


def queue(record: Record) -> Iterator[str | None]:
    """Candidates, queue, and who rests or came too late."""
    earlier, discovery, candidates = earlier_of(record), discovery_of(record), record.candidates
    named = {one.entrant.key for one in candidates}
    last_scored = {one.entrant.key: one.since for one in candidates if one.since > one.entrant.block}
    out = {key: one for key, one in record.rejections.items() if key not in named and one.reason != "too_recent"}
    again = admit(
        discovery,
        record.competition,
        seat_of(record).champion,
        ToldSeason({}, last_scored, earlier.duels),
        earlier.stops,
        out,
        [one.entrant.key for one in candidates if one.lowered],
    )
    yield differs("candidates", candidates, again.candidates)
    yield differs("queue", record.queue, tuple(one.key for one in choose(candidates, len(candidates))))
    yield differs("resting", record.resting, again.resting)
    for one in candidates:
        yield None if one.since <= record.sync else f"candidates: {one.entrant.key} waits since after the round"
    recent = {key: one for key, one in record.rejections.items() if one.reason == "too_recent"}
    found = {key: one for key, one in again.rejections.items() if one.reason == "too_recent"}
    yield differs("rejections, too_recent", recent, found)
    yield from _stops(record)
    strangers = {*earlier.duels, *earlier.stops} - {one.key for one in rivals_of(record)}
    yield differs("earlier.duels, of who does not stand", sorted({*earlier.duels} & strangers), [])
    missing = set(record.absent) - set(record.rejections)
    yield differs("absent, without a rejection", sorted(missing), [])
    yield differs("absent, not in the queue", sorted(set(record.absent) - named), [])


def _stops(record: Record) -> Iterator[str | None]:
    """A stop tells the epsilon that the champion had in an earlier round."""
    rules, champion = record.competition, seat_of(record).champion
    steps = range(record.sync % rules.round.sync_blocks, record.sync, rules.round.sync_blocks)
    known = {rules.epsilon.at(sync - champion.block) for sync in steps}
    for key, epsilon in earlier_of(record).stops.items():
        yield None if epsilon in known else f"earlier.stops.{key}: {epsilon!r} was no round's epsilon"


def commitments(account: Account) -> Iterator[str | None]:
    """The committed hashes beside the digests of the files, and what the competition allows."""
    record, rules = account.record, account.record.competition
    yield differs("models, of who was scored, lack", sorted(set(account.losses) - set(record.models)), [])
    for one in record.submissions:
        if one.key in record.models:
            committed = secure_hash(record.models[one.key].digest, one.hotkey)
            yield differs(f"submissions, the hash of {one.key}", one.payload.secure_hash, committed)
    if REFERENCE in record.models:
        yield differs("models.reference", record.models[REFERENCE].digest, rules.reference.digest)
    standing = {REFERENCE, *(one.key for one in discovery_of(record).entrants(rules.id))}
    yield differs("models, of who does not stand", sorted(set(record.models) - standing), [])
    bases = {None, *(base.digest for base in rules.constraints.bases)}
    for key, model in record.models.items():
        if model.base not in bases:
            yield f"models.{key}: stands on {model.base!r:.80}, which the competition does not allow"
        if key in account.losses and key != REFERENCE and model.parameters > rules.constraints.max_parameters:
            yield f"models.{key}: has {model.parameters:,} parameters, too many for the competition"


def samples(record: Record) -> Iterator[str | None]:
    """How many samples there are, and the digest over their digests."""
    rules, told = record.competition.round, record.samples
    yield differs("samples.count", told.count, rules.batches * rules.batch_size)
    yield differs("samples.digests, how many", len(told.digests), told.count)
    yield differs("samples.digest", told.digest, digest_over(told.digests))
    for number, one in enumerate(told.digests):
        if len(one) != 2 * DIGEST_BYTES or not set(one) <= _HEX:
            yield f"samples.digests: sample {number} has {one!r:.40}"
    yield differs(
        "samples.skipped, of other tasks", sorted({*told.skipped} - {one.name for one in record.competition.tasks}), []
    )


def control(record: Record) -> Iterator[str | None]:
    """The reference on the control samples."""
    yield differs("control, how many", len(record.control), len(record.competition.reference.control_losses))
    try:
        check_control(record.control, record.competition)
    except (ScoringError, ValueError) as error:
        yield f"control: {error}"
