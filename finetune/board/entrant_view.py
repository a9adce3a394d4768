"""What the board shows of one entrant on a page of its own: where it stands and why, and every round that scored it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from competitions.competition import Competition
from competitions.season import REFERENCE, Entrant
from finetune.board.explanation import explain
from finetune.board.gates import GateResult, gate_results
from finetune.board.losses import LAST_ROUNDS, Hurdle, hurdle_of
from finetune.board.matrix import Cell, Matrix
from finetune.board.meter import Reading, read_meter
from finetune.board.names import Names
from finetune.board.outlook import Outlook
from finetune.board.prospects import outlooks
from finetune.board.record import Record
from finetune.board.reigns import Reign
from finetune.board.rounds import Round
from finetune.board.standings import Standing


@dataclass(frozen=True, kw_only=True)
class Played:
    """One round of one entrant. `hurdle` is what a challenger had to beat, `validator` whose report is told."""

    sync: int
    mean: float
    batches: int
    stopped: str
    hurdle: Hurdle | None
    validator: str


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """A duel with another leading entrant as champion."""

    key: str
    name: str
    cell: Cell


@dataclass(frozen=True, kw_only=True)
class EntrantView:
    """One entrant of one competition. `tasks` are mean losses by task, beside those of the champion.

    `gates` are empty for the reference; `outlook` is None where no round will score it, `reading` where the leakage
    meter has none.
    """

    competition: int
    title: str
    standing: Standing
    hotkey: str
    coldkey: str
    uid: int | None
    sentences: tuple[str, ...]
    gates: tuple[GateResult, ...]
    outlook: Outlook | None
    reading: Reading | None
    tasks: Mapping[str, float]
    champion_tasks: Mapping[str, float]
    rounds: tuple[Played, ...]
    meetings: tuple[Meeting, ...]
    reigns: tuple[Reign, ...]


def entrant_views(
    competition: Competition,
    holder: Entrant,
    rounds: Sequence[Round],
    newest: Record | None,
    rows: Sequence[Standing],
    tasks: Mapping[str, Mapping[str, float]],
    duels: Matrix | None,
    reigns: Sequence[Reign],
    names: Names,
) -> tuple[EntrantView, ...]:
    """A view for every standing, in their order. `newest` is the newest record of any competition."""
    played = _played(rounds)
    record = rounds[-1].record if rounds else None
    coldkeys = {one.key: one.coldkey for one in record.submissions} if record else {}
    ahead = outlooks(holder, rounds, rows, newest) if newest else {}
    meter = read_meter(rounds)
    champion = rows[0]
    found = []
    for row in rows:
        hotkey = "" if row.key == REFERENCE else row.key.rpartition("@")[0]
        own, held = played.get(row.key, ()), tuple(one for one in reigns if one.key == row.key)
        losses, best = tasks.get(row.key, {}), tasks.get(champion.key, {})
        gates = _gates(row.key, record, bool(own), names) if hotkey and record else ()
        outlook, reading = ahead.get(row.key), meter.get(row.key)
        # The first batches of a round are easier or harder than all of it: means over those compare with nothing.
        compared = {} if any(one.stopped for one in own[:LAST_ROUNDS]) else best
        view = EntrantView(
            competition=competition.id,
            title=competition.title,
            standing=row,
            hotkey=hotkey,
            coldkey=coldkeys.get(row.key, ""),
            uid=record.uids.get(hotkey) if record else None,
            sentences=explain(
                competition,
                row,
                champion,
                played=len(own),
                tasks=losses,
                champion_tasks=compared,
                reigns=held,
                gates=gates,
                outlook=outlook,
                reading=reading,
            ),
            gates=gates,
            outlook=outlook,
            reading=reading,
            tasks=losses,
            champion_tasks=best,
            rounds=tuple(own),
            meetings=_meetings(row.key, duels),
            reigns=held,
        )
        found.append(view)
    return tuple(found)


def _gates(key: str, record: Record, seen: bool, names: Names) -> tuple[GateResult, ...]:
    """How far a submission has come in the newest round; reasons call submissions by their names."""
    rejection = record.rejections.get(key)
    if rejection is not None:
        rejection = replace(rejection, text=names.spoken(rejection.text))
    return gate_results(rejection, seen)


def _played(rounds: Sequence[Round]) -> Mapping[str, list[Played]]:
    """The rounds of every entrant, newest first."""
    found: dict[str, list[Played]] = {}
    for one in reversed(rounds):
        hurdle, size = hurdle_of(one), one.competition.round.batch_size
        for key, scored in one.told.losses.items():
            if scored.samples.size:
                played = Played(
                    sync=one.sync,
                    mean=float(scored.samples.mean()),
                    batches=scored.samples.size // size,
                    stopped=scored.stopped,
                    hurdle=hurdle,
                    validator=one.told.validator,
                )
                found.setdefault(key, []).append(played)
    return found


def _meetings(key: str, duels: Matrix | None) -> tuple[Meeting, ...]:
    if duels is None or key not in duels.keys:
        return ()
    row = duels.cells[duels.keys.index(key)]
    return tuple(
        Meeting(key=other, name=name, cell=cell)
        for other, name, cell in zip(duels.keys, duels.names, row, strict=True)
        if cell is not None
    )
