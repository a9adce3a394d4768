"""Questions about a table, and what answers them. They know no text but the question's, and no draw."""

from collections.abc import Callable, Mapping, Sequence

from finetune.streams.tables import CELL, Table
from finetune.streams.wordings import Wording, wordings

RANKS = ("highest", "second highest", "third highest", "lowest", "second lowest", "third lowest")

_FIELDS = dict.fromkeys(("thing", "things", "column", "other_column", "name", "other_name", "value"), CELL)
_FIELDS |= {"side": "higher|lower", "bound": "above|below", "rank": "|".join(RANKS)}
# What can be asked, each in several wordings.
QUESTIONS: Mapping[str, Sequence[Wording]] = {
    "look up": wordings(
        _FIELDS,
        "What is the {column} of {name}?",
        "Look up the {column} of {name}.",
        "What does the table give as the {column} of {name}?",
    ),
    "find": wordings(
        _FIELDS,
        "Which {thing} has the {column} {value}?",
        "Name the {thing} whose {column} is {value}.",
        "For which {thing} is {value} the {column}?",
    ),
    "compare": wordings(
        _FIELDS,
        "Which has the {side} {column}, {name} or {other_name}?",
        "Take {name} and {other_name}: whose {column} is {side}?",
        "Of {name} and {other_name}, name the one with the {side} {column}.",
    ),
    "difference": wordings(
        _FIELDS,
        "By how much is the {column} of {name} {side} than that of {other_name}?",
        "The {column} of {name} is {side} than that of {other_name}. By how much?",
        "How far apart are {name} and {other_name} in {column}, the first being {side}?",
    ),
    "count": wordings(
        _FIELDS,
        "How many {things} have the {column} {value}?",
        "Count the {things} whose {column} is {value}.",
        "For how many {things} is {value} the {column}?",
    ),
    "count beyond": wordings(
        _FIELDS,
        "How many {things} have a value {bound} {value} as their {column}?",
        "Count the {things} whose {column} is {bound} {value}.",
        "For how many {things} is the {column} {bound} {value}?",
    ),
    "sum": wordings(
        _FIELDS,
        "What is the sum of the {column} over the {things} whose {other_column} is {value}?",
        "Add up the {column} of all {things} with the {other_column} {value}.",
        "Taking only {things} with {value} as their {other_column}, what does the {column} come to in all?",
    ),
    "rank": wordings(
        _FIELDS,
        "Which {thing} has the {rank} {column}?",
        "Name the {thing} with the {rank} {column}.",
        "Whose {column} is the {rank} of all {things}?",
    ),
    "rank among": wordings(
        _FIELDS,
        "Among the {things} whose {other_column} is {value}, which has the {rank} {column}?",
        "Which of the {things} with the {other_column} {value} has the {rank} {column}?",
        "Looking only at {things} with {value} as their {other_column}, whose {column} is the {rank}?",
    ),
    "column": wordings(
        _FIELDS,
        "In which column of {name} does {value} stand?",
        "Under which heading is {value} given for {name}?",
        "What is {value} in the row of {name}: name the column.",
    ),
}


def solve(kind: str, table: Table, fields: Mapping[str, str]) -> tuple[str, str] | None:
    """What in the table shows the answer, and the answer; None where there is none, or more than one."""
    try:
        return _SOLUTIONS[kind](table, **fields)
    except (KeyError, ValueError):
        return None


def _look_up(table: Table, *, name: str, column: str, **_: str) -> tuple[str, str]:
    value = table.row(name)[column]
    return f"{name}: {column} {value}", value


def _find(table: Table, *, column: str, value: str, **_: str) -> tuple[str, str]:
    (name,) = _having(table, column, value)
    return f"{name}: {column} {value}", name


def _compare(table: Table, *, column: str, side: str, name: str, other_name: str, **_: str) -> tuple[str, str]:
    one, other = int(table.row(name)[column]), int(table.row(other_name)[column])
    if one == other:
        raise ValueError("neither is higher")
    return f"{name} {one}, {other_name} {other}", name if (one > other) == (side == "higher") else other_name


def _difference(table: Table, *, column: str, side: str, name: str, other_name: str, **_: str) -> tuple[str, str]:
    one, other = int(table.row(name)[column]), int(table.row(other_name)[column])
    if one == other or (one > other) != (side == "higher"):
        raise ValueError("it is the other way round")
    more, less = max(one, other), min(one, other)
    return f"{more} - {less} = {more - less}", str(more - less)


def _count(table: Table, *, column: str, value: str, **_: str) -> tuple[str, str]:
    names = _having(table, column, value)
    if not names:
        raise ValueError("there is nothing to count")
    return ", ".join(names), str(len(names))


def _count_beyond(table: Table, *, column: str, bound: str, value: str, **_: str) -> tuple[str, str]:
    limit = int(value)
    cells = zip(table.names, map(int, table.values(column)), strict=True)
    names = [name for name, cell in cells if (cell > limit if bound == "above" else cell < limit)]
    return ", ".join(names) or "none", str(len(names))


def _sum(table: Table, *, column: str, other_column: str, value: str, **_: str) -> tuple[str, str]:
    cells = [table.row(name)[column] for name in _having(table, other_column, value)]
    total = str(sum(map(int, cells)))
    if not cells:
        raise ValueError("nothing to add up")
    return " + ".join(cells) + f" = {total}", total


def _rank(table: Table, *, column: str, rank: str, **_: str) -> tuple[str, str]:
    return _ranked(table, column, rank, table.names)


def _rank_among(table: Table, *, column: str, rank: str, other_column: str, value: str, **_: str) -> tuple[str, str]:
    return _ranked(table, column, rank, _having(table, other_column, value))


def _column(table: Table, *, name: str, value: str, **_: str) -> tuple[str, str]:
    (column,) = [column for column, cell in table.row(name).items() if cell == value]
    return f"{name}: {column} {value}", column


def _having(table: Table, column: str, value: str) -> list[str]:
    return [name for name, cell in zip(table.names, table.values(column), strict=True) if cell == value]


def _ranked(table: Table, column: str, rank: str, names: Sequence[str]) -> tuple[str, str]:
    """The one of at least two names that has the rank: "second lowest" is the second from the lowest."""
    by_value = {int(table.row(name)[column]): name for name in names}
    order = sorted(by_value, reverse=rank.endswith("highest"))
    place = RANKS.index(rank) % 3
    if len(names) < 2 or len(order) < len(names) or place >= len(order):
        raise ValueError("no single one has this rank")
    return ", ".join(f"{by_value[value]} {value}" for value in order[: place + 1]), by_value[order[place]]


_SOLUTIONS: Mapping[str, Callable[..., tuple[str, str]]] = {
    "look up": _look_up,
    "find": _find,
    "compare": _compare,
    "difference": _difference,
    "count": _count,
    "count beyond": _count_beyond,
    "sum": _sum,
    "rank": _rank,
    "rank among": _rank_among,
    "column": _column,
}
