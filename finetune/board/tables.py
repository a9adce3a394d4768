"""Tables: a page's source of truth. Each has a caption, real headings, and scrolls by itself where it is too wide.

A script may sort a table by its headings, show its first rows only, and draw a chart from it; without one all is there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from finetune.board.markup import Html, tag


@dataclass(frozen=True)
class Column:
    """A heading; figures are set flush right, sentences get room.

    `series` says as what a chart draws the column: a colour (`c0` to `c6`, `rest`), or a part that the chart knows.
    """

    heading: str
    figures: bool = False
    sentences: bool = False
    series: str | None = None

    @property
    def style(self) -> str | None:
        """The class of its cells."""
        return "n" if self.figures else "sentence" if self.sentences else None


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and what it is sorted by where that is something else."""

    content: str
    value: float | str


Cells = Sequence[str | Cell]


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Iterable[Cells],
    *,
    foot: Iterable[Cells] = (),
    name: str | None = None,
    sortable: bool = False,
) -> Html:
    """A table whose rows are headed by their first cell; `name` is its id."""
    head = tag("tr", *(_heading(column) for column in columns))
    parts = [tag("caption", caption), tag("thead", head), tag("tbody", *(_row(columns, row) for row in rows))]
    last = [_row(columns, row) for row in foot]
    if last:
        parts.append(tag("tfoot", *last))
    shown = tag("table", *parts, id=name, data_sort=sortable)
    return tag("div", shown, class_="scroll", role="region", aria_label=caption, tabindex="0")


def stacked_table(
    caption: str, columns: Sequence[Column], rows: Iterable[tuple[str, Cells]], *, name: str | None = None
) -> Html:
    """A sortable table that becomes a list of cards on a narrow screen; each row comes with its class.

    The roles repeat what the elements say: a cell that is no longer laid out as a cell keeps its meaning by them.
    """
    head = tag("tr", *(_heading(column, role="columnheader") for column in columns), role="row")
    body = []
    for kind, row in rows:
        cells = []
        for number, (column, cell) in enumerate(zip(columns, row, strict=True)):
            element, scope, role = ("th", "row", "rowheader") if not number else ("td", None, "cell")
            label = tag("span", column.heading, class_="label", aria_hidden="true")
            content, value = _parted(cell)
            inner = tag("div", content)
            cells.append(tag(element, label, inner, scope=scope, role=role, class_=column.style, data_v=value))
        body.append(tag("tr", *cells, role="row", class_=kind))
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", head, role="rowgroup"),
        tag("tbody", *body, role="rowgroup"),
        role="table",
        class_="stacked",
        id=name,
        data_sort=True,
    )


def folded(summary: str, *content: str) -> Html:
    """Content behind a line that opens it."""
    return tag("details", tag("summary", summary), *content)


def facts(pairs: Iterable[tuple[str, str]]) -> Html:
    """Figures with their names."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs), class_="facts")


def code(value: str) -> Html:
    """A hash, a key or a revision."""
    return tag("code", value)


def _heading(column: Column, role: str | None = None) -> Html:
    return tag("th", column.heading, scope="col", role=role, class_=column.style, data_series=column.series)


def _row(columns: Sequence[Column], row: Cells) -> Html:
    cells = []
    for number, (column, cell) in enumerate(zip(columns, row, strict=True)):
        content, value = _parted(cell)
        element, scope = ("th", "row") if not number else ("td", None)
        cells.append(tag(element, content, scope=scope, class_=column.style, data_v=value))
    return tag("tr", *cells)


def _parted(cell: str | Cell) -> tuple[str, str | None]:
    """What a cell shows, and what it is sorted by."""
    if not isinstance(cell, Cell):
        return cell, None
    return cell.content, cell.value if isinstance(cell.value, str) else f"{cell.value:.9g}"
