"""What lies ahead of every entrant of a competition: the line for its next round, made by the stage that will make it.

The figures are those of `outlook`. It knows what the reports tell, and no commitment that came after them.
"""

from collections.abc import Mapping, Sequence

from competitions.files import CatalogError
from competitions.schedule import Catalog
from competitions.season import REFERENCE, Entrant, Season, season_start
from finetune.board.outlook import Outlook, epsilon_block_of, margin_of, next_round, rests_until
from finetune.board.record import Record
from finetune.board.rounds import Round, season_of
from finetune.board.standings import Standing
from finetune.validating.admit import Admission, admit
from finetune.validating.discover import Discovery


def outlooks(
    holder: Entrant, rounds: Sequence[Round], rows: Sequence[Standing], newest: Record
) -> Mapping[str, Outlook]:
    """By key, the outlook of every standing but the reference's and of those that no round will score.

    `rounds` are the competition's own, oldest first, `newest` is the newest record of any competition.
    """
    if not rounds:
        return {}
    ahead = _Ahead(holder, rounds, newest)
    return {row.key: ahead.of(row) for row in rows if row.status != "out" and row.key != REFERENCE}


def stops_told(holder: Entrant, last: Round) -> dict[str, float]:
    """By key, the epsilon at which each challenger was last stopped as behind the holder."""
    record = last.record
    if record.champion.before != holder.key:
        return {}
    now = {key: record.epsilon for key, found in last.told.losses.items() if found.stopped == "behind"}
    return {**(record.earlier.stops if record.earlier else {}), **now}


class _Ahead:
    """What all outlooks of one competition are made from."""

    def __init__(self, holder: Entrant, rounds: Sequence[Round], newest: Record) -> None:
        self.holder, self.record, self.rules = holder, rounds[-1].record, rounds[-1].competition
        self.season, self.stops = season_of(rounds), stops_told(holder, rounds[-1])
        self.catalog = catalog_of(newest)
        self.syncs: list[int | None] = []
        if self.catalog is None:
            return
        sync = next_round(self.catalog, self.rules.id, newest.sync)
        if sync is None:
            return
        self.syncs = [sync]
        self.admission = self._admission(self.catalog, sync)
        self.places = {one.key: place for place, one in enumerate(self.admission.queue)}

    def of(self, row: Standing) -> Outlook:
        """The outlook of one standing."""
        until = self._rests_until(row)
        place, following = self._turn(row, until)
        entrant = Entrant(block=row.block, key=row.key)
        champion, own = self.season.shared(self.holder, entrant)
        margin = block = None
        if row.key != self.holder.key and len(own):
            epsilon = self.rules.epsilon.at(self.record.sync - self.holder.block)
            margin = margin_of(champion, own, epsilon, self.rules)
            block = epsilon_block_of(champion, own, self.holder, self.record.sync, self.rules)
        return Outlook(
            batches=len(own) if row.key != self.holder.key else 0,
            margin=margin,
            epsilon_block=block,
            place=place,
            next_round=following,
            rests_until=until,
        )

    def _admission(self, catalog: Catalog, sync: int) -> Admission:
        """Who may play in the round at `sync`, if nothing else happens until then."""
        rules, record = catalog.turn(sync), self.record
        start = season_start(rules, sync)
        rounds = {block: losses for block, losses in self.season.rounds.items() if block >= start}
        season = Season(rounds, self.season.last_scored)
        discovery = Discovery(
            sync=sync,
            time=0.0,
            tempo=record.tempo,
            seed="",
            owner_hotkey=None,
            consensus={},
            submissions=record.submissions,
        )
        out = {key: found for key, found in record.rejections.items() if not found.retry}
        near = [key for key, found in record.lineage.items() if found.is_near]
        return admit(discovery, rules, self.holder, season, self.stops, out, near)

    def _rests_until(self, row: Standing) -> int | None:
        if row.status != "resting" or row.key not in self.stops:
            return None
        shared = self.season.shared(self.holder, Entrant(block=row.block, key=row.key))
        return rests_until(*shared, self.holder, self.record.sync + 1, self.stops[row.key], self.rules)

    def _turn(self, row: Standing, until: int | None) -> tuple[int | None, int | None]:
        """A place in the line for the next round, and the round that scores it."""
        if self.catalog is None or not self.syncs:
            return None, None
        if row.key == self.holder.key:
            return None, self.syncs[0]
        if (place := self.places.get(row.key)) is not None:
            return place + 1, self._sync(place // self.rules.round.challengers)
        if row.key in self.admission.rejections:
            first = row.block + self.rules.round.eval_delay
            return None, next_round(self.catalog, self.rules.id, max(first, self.record.sync + 1) - 1)
        return None, next_round(self.catalog, self.rules.id, until - 1) if until is not None else None

    def _sync(self, number: int) -> int | None:
        """The sync block of the competition's round that is so many after its next one."""
        while self.catalog is not None and len(self.syncs) <= number and (last := self.syncs[-1]) is not None:
            self.syncs.append(next_round(self.catalog, self.rules.id, last))
        return self.syncs[number] if number < len(self.syncs) else None


def catalog_of(record: Record) -> Catalog | None:
    """The catalog that a record tells; None where it tells none, or one that breaks a rule."""
    try:
        return Catalog(record.competitions)
    except CatalogError:
        return None
