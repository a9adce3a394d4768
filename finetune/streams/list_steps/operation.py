"""An operation on words, numbers or letters: how it is worded, what it may be told, and what it makes of its items.

`tables.py` says which there are. Items are texts throughout: a number is its decimal digits.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from finetune.streams.draws import Draws
from finetune.streams.wordings import Wording, wordings

Items = tuple[str, ...]
Values = Mapping[str, str]
# The values for an operation on these items, or None if it has none to offer.
DrawValues = Callable[[Draws, Items], Values | None]
Apply = Callable[..., Iterable[str]]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
ORDINALS = ("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th")
MARKS = {"hyphens": "-", "slashes": "/", "dots": ".", "colons": ":", "underscores": "_"}
_FIELDS = {
    "k": "[1-9][0-9]?",
    "nth": "|".join(ORDINALS),
    "other": "|".join(ORDINALS),
    "x": "[a-z]",
    "y": "[a-z]",
    "marks": "|".join(MARKS),
}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation on items of one kind.

    Attributes:
        gives: the kind of what comes out: words, numbers, letters, or a result, on which nothing more is done.
        draw: the values of its wordings' fields.
        change: what comes out, for items and any values that the wordings can hold.
    """

    name: str
    gives: str
    wordings: tuple[Wording, ...]
    draw: DrawValues
    change: Apply

    def apply(self, items: Items, values: Values) -> Items:
        """What the operation makes of the items."""
        return tuple(self.change(items, **values))


def nothing(_draws: Draws, _items: Items) -> Values | None:
    """No value: the operation is told nothing."""
    return {}


def some(draws: Draws, items: Items) -> Values | None:
    """From two of them to all but one, and no more than five."""
    most = min(len(items) - 1, 5)
    return {"k": str(2 + draws.below(most - 1))} if most >= 2 else None


def one_place(draws: Draws, items: Items) -> Values | None:
    """The place of one item, among the first nine."""
    return {"nth": draws.choice(ORDINALS[: len(items)])}


def two_places(draws: Draws, items: Items) -> Values | None:
    """The places of two items, among the first nine."""
    first, second = draws.distinct(ORDINALS[: len(items)], 2)
    return {"nth": first, "other": second}


def one_letter(draws: Draws, items: Items) -> Values | None:
    """A letter that occurs in the items."""
    return {"x": draws.choice("".join(items))}


def two_letters(draws: Draws, items: Items) -> Values | None:
    """A letter that occurs in the items, and any letter to write instead."""
    return {"x": draws.choice("".join(items)), "y": draws.choice(_LETTERS)}


def length_of_one(draws: Draws, items: Items) -> Values | None:
    """How many letters one of the words has."""
    return {"k": str(len(draws.choice(items)))}


def one_of_them(draws: Draws, items: Items) -> Values | None:
    """One of the numbers, if it has no more than two digits."""
    bound = draws.choice(items)
    return {"k": bound} if len(bound) <= 2 else None


def digit(draws: Draws, _items: Items) -> Values | None:
    """A number from 2 to 9."""
    return {"k": str(2 + draws.below(8))}


def marks(draws: Draws, _items: Items) -> Values | None:
    """The name of a punctuation mark."""
    return {"marks": draws.choice(tuple(MARKS))}


Entry = tuple[str, Sequence[str], Apply, DrawValues, str | None]


def operations_on(kind: str, *entries: Entry) -> tuple[Operation, ...]:
    """The operations on one kind; its name takes the place of ITEMS in their texts."""
    return tuple(
        Operation(
            name=name,
            gives=gives or kind,
            wordings=wordings(_FIELDS, *(text.replace("ITEMS", kind).replace("ITEM", kind[:-1]) for text in texts)),
            draw=draw,
            change=change,
        )
        for name, texts, change, draw, gives in entries
    )


def entry(name: str, texts: str, does: Apply, told: DrawValues = nothing, gives: str | None = None) -> Entry:
    """One entry of the tables of operations: wordings, split by bars; what it does; what it is told; what it gives."""
    return name, texts.split(" | "), does, told, gives
