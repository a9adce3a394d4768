"""Small tables of short cells, written in four forms and read again from each. They know no question and no draw."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

CELL = "[A-Za-z0-9]{1,20}(?: [A-Za-z0-9]{1,20}){0,2}"
_IS_CELL = re.compile(CELL)


@dataclass(frozen=True, kw_only=True)
class Table:
    """`columns` are the headings, the first of them for the names; `rows` hold as many cells each."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the rows, from top to bottom."""
        return tuple(row[0] for row in self.rows)

    def values(self, column: str) -> tuple[str, ...]:
        """The cells of a column beside the names, from top to bottom. Raises `ValueError` if there is none such."""
        place = self.columns.index(column, 1)
        return tuple(row[place] for row in self.rows)

    def row(self, name: str) -> dict[str, str]:
        """The cells of the row of that name, by column. Raises `ValueError` if there is none such."""
        cells = self.rows[self.names.index(name)]
        return dict(zip(self.columns[1:], cells[1:], strict=True))


def read_table(text: str) -> Table | None:
    """The table written in `text`, or None if there is none that can be read in just one way."""
    lines = text.split("\n")
    for rows in (_read_markdown(lines), _read_records(lines), _read_separated(lines, ","), _read_separated(lines, ";")):
        if rows is not None and _is_table(rows):
            return Table(columns=tuple(rows[0]), rows=tuple(map(tuple, rows[1:])))
    return None


def _is_table(rows: Sequence[Sequence[str]]) -> bool:
    columns, names = rows[0], [row[0] for row in rows[1:]]
    return (
        len(rows) > 1
        and len(columns) > 1
        and all(len(row) == len(columns) for row in rows)
        and len(set(columns)) == len(columns)
        and len(set(names)) == len(names)
        and all(_IS_CELL.fullmatch(cell) for row in rows for cell in row)
    )


def _markdown(table: Table) -> str:
    dashes = ("---",) * len(table.columns)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (table.columns, dashes, *table.rows))


def _read_markdown(lines: Sequence[str]) -> list[list[str]] | None:
    if not all(line.startswith("| ") and line.endswith(" |") for line in lines):
        return None
    rows = [line[2:-2].split(" | ") for line in lines]
    return [rows[0], *rows[2:]] if len(rows) > 2 and set(rows[1]) == {"---"} else None


def _commas(table: Table) -> str:
    return "\n".join(",".join(cells) for cells in (table.columns, *table.rows))


def _semicolons(table: Table) -> str:
    return "\n".join("; ".join(cells) for cells in (table.columns, *table.rows))


def _read_separated(lines: Sequence[str], mark: str) -> list[list[str]]:
    return [[cell.strip(" ") for cell in line.split(mark)] for line in lines]


def _records(table: Table) -> str:
    return "\n".join(
        ", ".join(f"{column}: {cell}" for column, cell in zip(table.columns, row, strict=True)) for row in table.rows
    )


def _read_records(lines: Sequence[str]) -> list[list[str]] | None:
    pairs = [[cell.partition(": ") for cell in line.split(", ")] for line in lines]
    columns = [column for column, _, _ in pairs[0]]
    if any([column for column, _, _ in row] != columns for row in pairs):
        return None
    return [columns, *([value for _, _, value in row] for row in pairs)]


# Every form in which a table can be written.
FORMS: Mapping[str, Callable[[Table], str]] = {
    "markdown": _markdown,
    "commas": _commas,
    "semicolons": _semicolons,
    "records": _records,
}
