"""Tables: the page's source of truth. Each has a caption, real headings, and scrolls by itself where it is too wide."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from finetune.board.markup import Html, join, tag


@dataclass(frozen=True)
class Column:
    """A heading; figures are set flush right, sentences get room."""

    heading: str
    figures: bool = False
    sentences: bool = False

    @property
    def style(self) -> str | None:
        """The class of its cells."""
        return "n" if self.figures else "sentence" if self.sentences else None


def table(
    caption: str, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, foot: Iterable[Sequence[str]] = ()
) -> Html:
    """A table whose rows are headed by their first cell."""
    head = tag("tr", *(_heading(column) for column in columns))
    parts = [tag("caption", caption), tag("thead", head), tag("tbody", *(_row(columns, row) for row in rows))]
    last = [_row(columns, row) for row in foot]
    if last:
        parts.append(tag("tfoot", *last))
    return tag("div", tag("table", *parts), class_="scroll", role="region", aria_label=caption, tabindex="0")


def stacked_table(caption: str, columns: Sequence[Column], rows: Iterable[tuple[str, Sequence[str]]]) -> Html:
    """A table that becomes a list of cards on a narrow screen; each row comes with its class.

    The roles repeat what the elements say: a cell that is no longer laid out as a cell keeps its meaning by them.
    """
    head = tag("tr", *(_heading(column, role="columnheader") for column in columns), role="row")
    body = []
    for kind, row in rows:
        cells = []
        for number, (column, cell) in enumerate(zip(columns, row, strict=True)):
            name, scope, role = ("th", "row", "rowheader") if not number else ("td", None, "cell")
            label = tag("span", column.heading, class_="label", aria_hidden="true")
            inner = tag("div", cell)
            cells.append(tag(name, label, inner, scope=scope, role=role, class_=column.style))
        body.append(tag("tr", *cells, role="row", class_=kind))
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", head, role="rowgroup"),
        tag("tbody", *body, role="rowgroup"),
        role="table",
        class_="stacked",
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
    return tag("th", column.heading, scope="col", role=role, class_=column.style)


def _row(columns: Sequence[Column], row: Sequence[str]) -> Html:
    first, *rest = zip(columns, row, strict=True)
    cells = [tag("td", cell, class_=column.style) for column, cell in rest]
    return tag("tr", tag("th", first[1], scope="row", class_=first[0].style), join(*cells))
