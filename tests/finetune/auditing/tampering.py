"""Changes of single values in a report, drawn by a seed."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where every single value stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))
    else:
        yield path


def at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def changed(value: Any, path: Path, random: np.random.Generator) -> Any:
    """A copy of the whole with another value, of the same kind, at one place."""
    whole = copy.deepcopy(value)
    found = at(whole, path[:-1])
    found[path[-1]] = other(found[path[-1]], random)
    return whole


def other(value: Any, random: np.random.Generator) -> Any:
    if value is None:
        return 1
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + int(random.choice([-7, -1, 1, 7, 100]))
    if isinstance(value, float):
        return float(value * (1 + random.choice([-0.1, -0.001, 0.001, 0.1])) if value else 0.25)
    if not value:
        return "x"
    place = int(random.integers(len(value)))
    letter = random.choice([one for one in "0123456789abcdef" if one != value[place]])
    return value[:place] + str(letter) + value[place + 1 :]
