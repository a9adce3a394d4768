"""The chart of mean losses per round: a line for each entrant, the champion's advantage as a band."""

from collections.abc import Sequence
from itertools import groupby

from competitions.season import REFERENCE
from finetune.board.drawing import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Scale,
    block_axis,
    chart,
    colour,
    horizontal_axis,
    legend,
    some,
    ticks,
)
from finetune.board.figures import bits, counted, whole
from finetune.board.losses import Hurdle, LossHistory, LossLine, LossPoint
from finetune.board.markup import Html, tag
from finetune.board.tables import Column, folded, table

_SHAPES = (  # marks around 0, 0, so that no line is told by its colour alone
    "M-4 0A4 4 0 1 0 4 0A4 4 0 1 0-4 0Z",
    "M-3.6-3.6H3.6V3.6H-3.6Z",
    "M0-5 5 0 0 5-5 0Z",
    "M0-4.8 4.6 3.6H-4.6Z",
    "M0 4.8 4.6-3.6H-4.6Z",
)


def loss_chart(name: str, history: LossHistory) -> Html:
    """The chart with its legend and, folded, its figures; the summary alone while there is nothing to draw."""
    if not history.lines:
        return tag("p", history.summary, class_="quiet")
    x, y = _scales(history)
    styles = _styles(history.lines)
    syncs = sorted({point.sync for line in history.lines for point in line.points})
    drawn = chart(
        name,
        "Mean loss per round",
        history.summary,
        horizontal_axis(y, ticks(y.low, y.high), lambda value: f"{value:g}"),
        block_axis(x, some(syncs)),
        *(_change(x(block)) for block in history.changes),
        *(_band(list(group), x, y) for _, group in groupby(history.hurdles, key=lambda one: one.champion)),
        *(_line(line, styles[line.key], x, y) for line in reversed(history.lines)),
    )
    entries = [(_swatch(styles[line.key]), line.name, bits(line.points[-1].mean)) for line in _by_last(history.lines)]
    entries.append((tag("span", class_="swatch band"), "the lead a challenger needs", ""))
    side = tag("div", tag("h4", f"Last mean loss, {history.unit}"), legend(entries), _notes(history), class_="side")
    return tag(
        "div", tag("div", drawn, side, class_="beside"), folded("The figures behind this chart", _figures(history))
    )


def line_colours(history: LossHistory) -> dict[str, int]:
    """The number of each line's colour, by hotkey."""
    own = [line.key for line in history.lines if line.key != REFERENCE]
    return {key.rpartition("@")[0]: number for number, key in enumerate(own)}


def _scales(history: LossHistory) -> tuple[Scale, Scale]:
    points = [point for line in history.lines for point in line.points]
    syncs = [point.sync for point in points]
    means = [point.mean for point in points] + [one.counted for one in history.hurdles]
    room = (max(means) - min(means)) * 0.06 or 0.05
    x = Scale(low=min(syncs), high=max(syncs), start=LEFT + 16, end=WIDTH - RIGHT - 16)
    y = Scale(low=max(min(means) - room, 0), high=max(means) + room, start=HEIGHT - BOTTOM, end=TOP)
    return x, y


def _styles(lines: Sequence[LossLine]) -> dict[str, tuple[str, str]]:
    """The colour class and the mark of each line; the reference has its own."""
    own = [line.key for line in lines if line.key != REFERENCE]
    styles = {key: (colour(number), _SHAPES[number % len(_SHAPES)]) for number, key in enumerate(own)}
    return styles | {REFERENCE: ("reference", _SHAPES[0])}


def _line(line: LossLine, style: tuple[str, str], x: Scale, y: Scale) -> Html:
    places = [(x(point.sync), y(point.mean)) for point in line.points]
    path = "M" + "L".join(f"{across:.1f} {down:.1f}" for across, down in places)
    marks = [_mark(line, point, place, style[1]) for point, place in zip(line.points, places, strict=True)]
    return tag("g", tag("path", d=path, class_="line"), *marks, class_=style[0])


def _mark(line: LossLine, point: LossPoint, place: tuple[float, float], shape: str) -> Html:
    """One round of one line; hollow where scoring was stopped early."""
    early = f", stopped after {counted(point.batches, 'batch', 'batches')}" if point.stopped else ""
    words = tag("title", f"{line.name}, block {whole(point.sync)}: {bits(point.mean)}{early}")
    kind = "mark hollow" if point.stopped else "mark"
    return tag("path", words, d=shape, transform=f"translate({place[0]:.1f} {place[1]:.1f})", class_=kind)


def _band(hurdles: Sequence[Hurdle], x: Scale, y: Scale) -> Html:
    """From the champion's mean loss down to the same as it counts, for as long as one champion holds the seat."""
    if len(hurdles) == 1:
        top, bottom = y(hurdles[0].mean), y(hurdles[0].counted)
        return tag("rect", x=x(hurdles[0].sync) - 6, y=top, width=12, height=max(bottom - top, 1.0), class_="band")
    there = [f"{x(one.sync):.1f} {y(one.mean):.1f}" for one in hurdles]
    back = [f"{x(one.sync):.1f} {y(one.counted):.1f}" for one in reversed(hurdles)]
    return tag("path", d="M" + "L".join(there + back) + "Z", class_="band")


def _change(place: float) -> Html:
    return tag("line", x1=place, x2=place, y1=TOP, y2=HEIGHT - BOTTOM, class_="change")


def _swatch(style: tuple[str, str]) -> Html:
    kind, shape = style
    line = tag("path", d="M0 8H26", class_="line")
    mark = tag("path", d=shape, transform="translate(13 8)", class_="mark")
    return tag("svg", line, mark, viewBox="0 0 26 16", class_=f"swatch {kind}", aria_hidden="true")


def _by_last(lines: Sequence[LossLine]) -> list[LossLine]:
    return sorted(lines, key=lambda line: line.points[-1].mean)


def _notes(history: LossHistory) -> Html:
    notes = []
    if any(point.stopped for line in history.lines for point in line.points):
        notes.append("A hollow mark is a round that was stopped early: its mean covers the first batches only.")
    if history.changes:
        notes.append("A dashed upright line is a new champion.")
    if history.left_out:
        notes.append(f"{counted(history.left_out, 'more entrant')} scored, without a line here.")
    return tag("p", " ".join(notes), class_="quiet") if notes else Html()


def _figures(history: LossHistory) -> Html:
    """Rounds down, entrants across."""
    found = {(line.key, point.sync): point for line in history.lines for point in line.points}
    columns = [Column("block", figures=True), *(Column(line.name, figures=True) for line in history.lines)]
    rows = [
        [whole(sync), *(_cell(found.get((line.key, sync))) for line in history.lines)]
        for sync in sorted({sync for _, sync in found}, reverse=True)
    ]
    return table(f"Mean loss per round, {history.unit}; * stopped early", columns, rows)


def _cell(point: LossPoint | None) -> str:
    return "" if point is None else bits(point.mean) + ("*" if point.stopped else "")
