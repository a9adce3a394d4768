"""A report beside those of the season before it: the same rounds judged again from their raw losses."""

from collections.abc import Iterator, Sequence

from competitions.schedule import Catalog
from finetune.auditing.check import Check, check, differs
from finetune.auditing.told import earlier_of
from finetune.board.record import Account, Record
from finetune.replay.replay import Replayed, replay

NAME = "the validator's reports since the season began give the same decisions"


def with_season(account: Account, reports: Sequence[Account]) -> Check:
    """Judge the season's rounds again up to the account's own; `reports` are the validator's, in order.

    What the first of them kept from rounds before it is taken as told.
    """
    sync = account.record.sync
    before = [one for one in reports if one.record.sync < sync and one.validator == account.validator]
    if not before:
        return Check(name=NAME, skipped="the folder has no earlier report of this validator")
    catalog = Catalog(account.record.competitions)
    again = replay([*before, account], catalog, catalog)[-1]
    return check(NAME, (*_kept(account.record, before), *_faults(account, again)))


def _kept(record: Record, before: Sequence[Account]) -> Iterator[str | None]:
    """The seats that the last report left. A validator that has lost its state keeps none."""
    left = before[-1].record.seats.after
    for number, kept in earlier_of(record).seats.items():
        if kept.seat is not None and number in left:
            judged = [one.record.sync for one in before if str(one.record.competition.id) == number]
            yield differs(f"earlier.seats.{number}.seat", kept.seat, left[number])
            yield differs(f"earlier.seats.{number}.judged", kept.judged, judged[-1]) if judged else None


def _faults(account: Account, again: Replayed) -> Iterator[str | None]:
    record, judged = account.record, again.judgement
    yield differs("duels, who has one", sorted(record.duels), sorted(judged.duels))
    for key in sorted(set(record.duels) & set(judged.duels)):
        yield differs(f"duels.{key}", record.duels[key], judged.duels[key])
    yield differs("dethroner", record.dethroner, judged.dethroner)
    yield differs("heirs", dict(record.heirs), dict(judged.heirs))
    for number in sorted(record.seats.after):
        yield differs(f"seats.after.{number}", record.seats.after[number], judged.seats.get(number))
    yield differs("weights", dict(record.weights), dict(again.weights))
