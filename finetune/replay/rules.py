"""The rules that rounds were played by, and the same with some of them changed. It judges nothing."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any

from competitions.check import Invalid, one_of
from competitions.competition import Competition
from competitions.files import CatalogError
from competitions.schedule import Catalog
from competitions.tables import from_table
from finetune.board.record import Account
from finetune.errors import SetupError
from finetune.replay.mix import with_batches_of


@dataclass(frozen=True, kw_only=True)
class Change:
    """What shall be otherwise; None and what is not named stay as they are.

    `rewards` are by competition; all else is of `competition`, which may be None where there is only one. A task of
    weight 0 is dropped.
    """

    competition: int | None = None
    epsilon_start: float | None = None
    epsilon_end: float | None = None
    epsilon_decay_blocks: int | None = None
    alpha: float | None = None
    tasks: Mapping[str, float] = field(default_factory=dict)
    rewards: Mapping[int, float] = field(default_factory=dict)

    @property
    def of_one(self) -> bool:
        """Whether it changes anything but rewards."""
        return replace(self, competition=None, rewards={}) != Change()


def recorded_rules(accounts: Iterable[Account]) -> Catalog:
    """The catalog that the rounds were played by, put together from the competitions that they name.

    Raises `SetupError` where they do not make one: a competition is missing that has had no round of its own in
    these reports, or two reports contradict each other.
    """
    accounts = tuple(accounts)
    newest = {(one.record.competition.id, one.record.competition.first_block): one.record for one in accounts}
    versions = [newest[name].competition for name in sorted(newest)]
    ended = [_ended(one, after) for one, after in pairwise(versions)]
    try:
        catalog = Catalog((*ended, versions[-1]))
    except CatalogError as error:
        raise SetupError(f"the competitions of these reports make no catalog, so some are missing: {error}") from error
    for one in accounts:
        _check_round(one, catalog)
    return catalog


def _ended(competition: Competition, after: Competition) -> Competition:
    """The competition, ended where the next of the same id begins."""
    last = competition.last_block
    if competition.id != after.id or (last is not None and last < after.first_block):
        return competition
    return replace(competition, last_block=after.first_block - 1)


def _check_round(account: Account, catalog: Catalog) -> None:
    """Refuse a report that was made by another catalog. Raises `SetupError`."""
    record = account.record
    running = {str(one.id) for one in catalog.at(record.sync)}
    if running != set(record.seats.before) or running != set(record.seats.after):
        raise SetupError(
            f"round {record.sync}: has seats of competitions {sorted(record.seats.after)}; by the other reports "
            f"{sorted(running)} run"
        )
    if replace(catalog.turn(record.sync), last_block=None) != replace(record.competition, last_block=None):
        raise SetupError(f"round {record.sync}: its rules, or its turn, are not those that the later reports tell")


def changed_rules(recorded: Catalog, change: Change) -> Catalog:
    """The catalog with the change in every competition that it concerns. Raises `SetupError`."""
    ids = sorted({one.id for one in recorded.competitions})
    named = {*change.rewards, *([] if change.competition is None else [change.competition])}
    if unknown := sorted(named - set(ids)):
        raise SetupError(f"competition {unknown[0]}: is not in these reports; there are {ids}")
    if change.of_one and change.competition is None and len(ids) > 1:
        raise SetupError(f"competition_id: which of {ids} shall be judged by other rules?")
    concerned = ids[0] if change.competition is None else change.competition
    try:
        return Catalog(tuple(_changed(one, change, one.id == concerned) for one in recorded.competitions))
    except CatalogError as error:
        raise SetupError(str(error)) from error


def _changed(competition: Competition, change: Change, concerned: bool) -> Competition:
    """One competition with what of the change concerns it, checked as its file would be. Raises `SetupError`."""
    table = json.loads(json.dumps(asdict(competition)))
    table["reward"] = change.rewards.get(competition.id, competition.reward)
    if concerned:
        epsilon = (("start", change.epsilon_start), ("end", change.epsilon_end))
        table["epsilon"] |= {key: value for key, value in epsilon if value is not None}
        if change.epsilon_decay_blocks is not None:
            table["epsilon"]["decay_blocks"] = change.epsilon_decay_blocks
        if change.alpha is not None:
            table["judge"]["alpha"] = change.alpha
    try:
        if concerned and change.tasks:
            table["tasks"] = _other_tasks(table["tasks"], change.tasks)
        changed = from_table(Competition, table)
        return with_batches_of(competition, changed) if changed.tasks != competition.tasks else changed
    except Invalid as error:
        raise SetupError(f"competition {competition.id}: {error}") from error


def _other_tasks(tasks: list[dict[str, Any]], weights: Mapping[str, float]) -> list[dict[str, Any]]:
    """The tasks, as tables, with other weights; one of weight 0 is left out. Raises `Invalid`."""
    names = [task["name"] for task in tasks]
    for name in weights:
        one_of("tasks.name", name, names, "one of " + ", ".join(names))
    weighed = [task | {"weight": weights.get(task["name"], task["weight"])} for task in tasks]
    return [task for task in weighed if task["weight"] != 0]
