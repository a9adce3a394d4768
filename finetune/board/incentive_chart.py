"""The chart of incentive per epoch: a column for each epoch, cut by hotkey."""

from collections.abc import Mapping, Sequence
from itertools import count

from finetune.board.chain_figures import IncentiveHistory
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
)
from finetune.board.figures import share, whole
from finetune.board.markup import Html, tag
from finetune.board.tables import Column, folded, table

_WIDEST = 44.0  # a column of few epochs stays a column


def incentive_chart(history: IncentiveHistory, preferred: Mapping[str, int]) -> Html:
    """The chart with its legend and, folded, its figures; the summary alone while there is nothing to draw.

    `preferred` gives the number of a hotkey's colour elsewhere on the page.
    """
    if not history.epochs:
        return tag("p", history.summary, class_="quiet")
    y = Scale(low=0, high=1, start=HEIGHT - BOTTOM, end=TOP)
    step = (WIDTH - LEFT - RIGHT) / len(history.epochs)
    middles = {block: LEFT + step * (number + 0.5) for number, (block, _) in enumerate(history.epochs)}
    colours = _colours(history, preferred)
    drawn = chart(
        "incentive",
        "Incentive per epoch",
        history.summary,
        horizontal_axis(y, [0, 0.25, 0.5, 0.75, 1], lambda value: f"{value:.0%}"),
        block_axis(lambda block: middles[int(block)], some(list(middles))),
        *(
            _column(_areas(history, block, parts, colours), middles[block], min(step * 0.84, _WIDEST), y)
            for block, parts in history.epochs
        ),
    )
    entries = [
        (tag("span", class_=f"swatch {kind}"), name, share(part))
        for kind, name, part in zip(colours, history.names, history.epochs[-1][1], strict=True)
    ]
    side = tag("div", tag("h4", "Share in the last epoch"), legend(entries), class_="side")
    figures = folded("The figures behind this chart", _figures(history))
    return tag("div", tag("div", drawn, side, class_="beside"), figures)


def _colours(history: IncentiveHistory, preferred: Mapping[str, int]) -> list[str]:
    """A colour class for every part: the preferred one where it is free, no colour twice, grey for the rest."""
    taken: dict[int, str] = {}
    for hotkey in history.hotkeys:
        if hotkey in preferred:
            taken.setdefault(preferred[hotkey], hotkey)
    own = {hotkey: number for number, hotkey in taken.items()}
    free = (number for number in count() if number not in taken)
    return [colour(own[one] if one in own else next(free)) for one in history.hotkeys] + ["rest"] * history.rest


def _areas(
    history: IncentiveHistory, block: int, parts: Sequence[float], colours: Sequence[str]
) -> list[tuple[str, str, float]]:
    """(colour, words, share) of every part of one epoch that is not nothing."""
    return [
        (kind, f"{name}, block {whole(block)}: {share(part)}", part)
        for kind, name, part in zip(colours, history.names, parts, strict=True)
        if part > 0
    ]


def _column(areas: Sequence[tuple[str, str, float]], middle: float, width: float, y: Scale) -> Html:
    drawn, below = [], 0.0
    for kind, words, part in areas:
        top, bottom = y(below + part), y(below)
        title = tag("title", words)
        left, height = middle - width / 2, bottom - top
        drawn.append(tag("rect", title, x=left, y=top, width=width, height=height, class_=f"area {kind}"))
        below += part
    return tag("g", *drawn)


def _figures(history: IncentiveHistory) -> Html:
    columns = [Column("block", figures=True), *(Column(name, figures=True) for name in history.names)]
    rows = [[whole(block), *(share(part) for part in parts)] for block, parts in reversed(history.epochs)]
    return table("Incentive per epoch, shares of all incentive", columns, rows)
