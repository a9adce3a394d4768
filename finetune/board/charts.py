"""Charts: a frame that a script draws in from the table beside it. What a chart says stands in words below it.

Without a script the frame stays away, and words and table tell the same.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from competitions.season import REFERENCE
from finetune.board.chain_figures import IncentiveHistory
from finetune.board.figures import NONE, bits, share, whole
from finetune.board.losses import LossHistory
from finetune.board.markup import Html, join, tag
from finetune.board.tables import Cells, Column, folded, table

COLOURS = 7  # c0 to c6 of the style sheet; whatever comes after shares one grey

Kind = Literal["lines", "shares", "reigns", "bars"]


def chart(
    name: str,
    kind: Kind,
    title: str,
    summary: str,
    columns: Sequence[Column],
    rows: Sequence[Cells],
    *,
    unit: str = "",
    fold: bool = True,
) -> Html:
    """A chart, its words, and the table that it is drawn from; `title` is the table's caption too."""
    canvas = tag("canvas", role="img", aria_label=title, aria_describedby=f"{name}-words")
    figure = tag(
        "figure",
        tag("div", canvas, class_="canvas"),
        tag("figcaption", summary, id=f"{name}-words"),
        data_chart=kind,
        data_table=f"{name}-figures",
        data_unit=unit or None,
        class_="card",
    )
    figures = table(title, columns, rows, name=f"{name}-figures")
    return join(figure, folded("The figures behind this chart", figures) if fold else figures)


def loss_chart(name: str, history: LossHistory) -> Html:
    """Mean losses per round: a line for each entrant, and below the champion's what a challenger must beat."""
    if not history.lines:
        return tag("p", history.summary, class_="quiet")
    found = {(line.key, point.sync): point for line in history.lines for point in line.points}
    hurdles = {one.sync: one.counted for one in history.hurdles}
    numbers = line_colours(history)
    columns = [Column("Block", figures=True)]
    columns += [
        Column(line.name, figures=True, series="reference" if line.key == REFERENCE else colour(numbers[line.key]))
        for line in history.lines
    ]
    columns.append(Column("To beat", figures=True, series="hurdle"))
    rows = []
    for sync in sorted({sync for _, sync in found}, reverse=True):
        points = [found.get((line.key, sync)) for line in history.lines]
        cells = ["" if one is None else bits(one.mean) + ("*" if one.stopped else "") for one in points]
        rows.append([whole(sync), *cells, bits(hurdles[sync]) if sync in hurdles else ""])
    caption = f"Mean loss per round, {history.unit}; * stopped early"
    return join(chart(name, "lines", caption, history.summary, columns, rows, unit=history.unit), _notes(history))


def share_chart(name: str, title: str, history: IncentiveHistory, preferred: Mapping[str, int]) -> Html:
    """Shares over time: a column for each epoch. `preferred` gives the number of a hotkey's colour elsewhere."""
    if not history.epochs:
        return tag("p", history.summary, class_="quiet")
    columns = [Column("Block", figures=True)]
    for name_of, kind in zip(history.names, _colours(history, preferred), strict=True):
        columns.append(Column(name_of, figures=True, series=kind))
    rows = [[whole(block), *(share(part) for part in parts)] for block, parts in reversed(history.epochs)]
    return chart(name, "shares", title, history.summary, columns, rows, unit="%")


def line_colours(history: LossHistory) -> dict[str, int]:
    """The number of each line's colour, by key."""
    own = [line.key for line in history.lines if line.key != REFERENCE]
    return {key: number for number, key in enumerate(own)}


def colour(number: int) -> str:
    """The name of the colour of this number."""
    return f"c{number}" if number < COLOURS else "rest"


def figure_or_none(value: float | None) -> str:
    """A loss, or the sign that there is none."""
    return NONE if value is None else bits(value)


def _colours(history: IncentiveHistory, preferred: Mapping[str, int]) -> list[str]:
    """A colour for every part: the preferred one where it is free, no colour twice, grey for the rest."""
    taken: dict[int, str] = {}
    for hotkey in history.hotkeys:
        if hotkey in preferred:
            taken.setdefault(preferred[hotkey], hotkey)
    own = {hotkey: number for number, hotkey in taken.items()}
    free = iter(number for number in range(len(history.hotkeys) + COLOURS) if number not in taken)
    return [colour(own[one] if one in own else next(free)) for one in history.hotkeys] + ["rest"] * history.rest


def _notes(history: LossHistory) -> Html:
    notes = ["The dotted line is what a challenger must beat: the champion's mean loss as it counts in a duel."]
    if any(point.stopped for line in history.lines for point in line.points):
        notes.append("A hollow mark is a round that was stopped early: its mean covers the first batches only.")
    if history.left_out:
        notes.append(f"{whole(history.left_out)} more scored, without a line here; each has a page of its own.")
    return tag("p", " ".join(notes), class_="quiet")
