"""The operations there are on words, on numbers and on the letters of a string. It knows no question and no layout."""

from collections.abc import Callable, Mapping

from finetune.streams.list_steps.operation import (
    MARKS,
    ORDINALS,
    Items,
    Operation,
    digit,
    entry,
    length_of_one,
    marks,
    one_letter,
    one_of_them,
    one_place,
    operations_on,
    some,
    two_letters,
    two_places,
)

_VOWELS = "aeiou"


def _swapped(items: Items, first: int, second: int) -> Items:
    if max(first, second) >= len(items):
        return items
    swapped = list(items)
    swapped[first], swapped[second] = items[second], items[first]
    return tuple(swapped)


def _cut(items: Items, place: int) -> tuple[Items, Items, Items]:
    """What stands before a place, at it and after it."""
    return items[:place], items[place : place + 1], items[place + 1 :]


def _moved(items: Items, place: int, *, front: bool) -> Items:
    before, item, after = _cut(items, place)
    return item + before + after if front else before + after + item


def _mapped(change: Callable[[int], int]) -> Callable[[Items], list[str]]:
    return lambda items: [str(change(int(item))) for item in items]


_index = ORDINALS.index

_ON_ALL = (
    entry(
        "reverse",
        "reverse the order of the ITEMS | put the ITEMS in reverse order | turn the order of the ITEMS around",
        lambda items: items[::-1],
    ),
    entry(
        "first",
        "keep only the first {k} ITEMS | drop all but the first {k} ITEMS",
        lambda items, k: items[: int(k)],
        some,
    ),
    entry(
        "last",
        "keep only the last {k} ITEMS | drop all but the last {k} ITEMS",
        lambda items, k: items[-int(k) :],
        some,
    ),
    entry(
        "without first",
        "remove the first {k} ITEMS | cut off the first {k} ITEMS",
        lambda items, k: items[int(k) :],
        some,
    ),
    entry(
        "rotate left",
        "move the first {k} ITEMS to the end, in the same order | rotate the ITEMS to the left by {k} places",
        lambda items, k: items[int(k) :] + items[: int(k)],
        some,
    ),
    entry(
        "rotate right",
        "move the last {k} ITEMS to the front, in the same order | rotate the ITEMS to the right by {k} places",
        lambda items, k: items[-int(k) :] + items[: -int(k)],
        some,
    ),
    entry(
        "swap ends",
        "swap the first and the last ITEM | let the first and the last ITEM trade places",
        lambda items: _swapped(items, 0, len(items) - 1),
    ),
    entry(
        "swap",
        "swap the {nth} and the {other} ITEM | let the {nth} and the {other} ITEM trade places",
        lambda items, nth, other: _swapped(items, _index(nth), _index(other)),
        two_places,
    ),
    entry(
        "remove",
        "remove the {nth} ITEM | leave out the {nth} ITEM",
        lambda items, nth: _cut(items, _index(nth))[0] + _cut(items, _index(nth))[2],
        one_place,
    ),
    entry(
        "to the front",
        "move the {nth} ITEM to the front | put the {nth} ITEM before all others",
        lambda items, nth: _moved(items, _index(nth), front=True),
        one_place,
    ),
    entry(
        "to the end",
        "move the {nth} ITEM to the end | put the {nth} ITEM after all others",
        lambda items, nth: _moved(items, _index(nth), front=False),
        one_place,
    ),
    entry(
        "every second",
        "remove every second ITEM (the 2nd, the 4th and so on) | keep only the 1st ITEM, the 3rd, the 5th and so on",
        lambda items: items[::2],
    ),
    entry(
        "once",
        "where the same ITEM comes more than once, keep only the first | remove each ITEM that equals an earlier one",
        dict.fromkeys,
    ),
)
_ON_WORDS = (
    entry("sort", "sort the words from A to Z | put the words in alphabetical order", sorted),
    entry(
        "sort down",
        "sort the words from Z to A | put the words in reverse alphabetical order",
        lambda items: sorted(items, reverse=True),
    ),
    entry(
        "with",
        "keep only the words that contain the letter {x} | drop all words without the letter {x}",
        lambda items, x: [item for item in items if x in item],
        one_letter,
    ),
    entry(
        "without",
        "remove the words that contain the letter {x} | keep only the words without the letter {x}",
        lambda items, x: [item for item in items if x not in item],
        one_letter,
    ),
    entry(
        "longer",
        "keep only the words with more than {k} letters | keep only the words that are longer than {k} letters",
        lambda items, k: [item for item in items if len(item) > int(k)],
        length_of_one,
    ),
    entry(
        "shorter",
        "keep only the words with at most {k} letters | remove the words with more than {k} letters",
        lambda items, k: [item for item in items if len(item) <= int(k)],
        length_of_one,
    ),
    entry(
        "backwards",
        "spell each word backwards | reverse the letters within each word",
        lambda items: [item[::-1] for item in items],
    ),
    entry(
        "replace",
        "replace each letter {x} by {y} in all words | in every word, write {y} instead of {x}",
        lambda items, x, y: [item.replace(x, y) for item in items],
        two_letters,
    ),
    entry(
        "lengths",
        "replace each word by the number of its letters | write how many letters each word has, instead of the word",
        lambda items: [str(len(item)) for item in items],
        gives="numbers",
    ),
    entry(
        "initials",
        "make a string of the first letters of the words | write the first letter of each word, all as one string",
        lambda items: [item[0] for item in items],
        gives="letters",
    ),
    entry(
        "capitals",
        "write the words in capital letters | turn all words into upper case",
        lambda items: [", ".join(items).upper()],
        gives="result",
    ),
    entry(
        "join",
        "join the words with {marks} | write the words as one text with {marks} between them",
        lambda items, marks: [MARKS[marks].join(items)],
        marks,
        gives="result",
    ),
    entry(
        "count",
        "count how often the letter {x} occurs in all words together | say how many letters {x} the words have in all",
        lambda items, x: [str("".join(items).count(x))],
        one_letter,
        gives="result",
    ),
)
_ON_NUMBERS = (
    entry(
        "sort",
        "sort the numbers from smallest to largest | put the numbers in ascending order",
        lambda items: sorted(items, key=int),
    ),
    entry(
        "sort down",
        "sort the numbers from largest to smallest | put the numbers in descending order",
        lambda items: sorted(items, key=int, reverse=True),
    ),
    entry(
        "greater",
        "keep only the numbers greater than {k} | remove the numbers up to {k}",
        lambda items, k: [item for item in items if int(item) > int(k)],
        one_of_them,
    ),
    entry(
        "smaller",
        "keep only the numbers smaller than {k} | remove the numbers from {k} upwards",
        lambda items, k: [item for item in items if int(item) < int(k)],
        one_of_them,
    ),
    entry(
        "even",
        "keep only the even numbers | remove the odd numbers",
        lambda items: [item for item in items if int(item) % 2 == 0],
    ),
    entry(
        "odd",
        "keep only the odd numbers | remove the even numbers",
        lambda items: [item for item in items if int(item) % 2 == 1],
    ),
    entry(
        "add",
        "add {k} to each number | make every number larger by {k}",
        lambda items, k: _mapped(lambda number: number + int(k))(items),
        digit,
    ),
    entry("double", "double each number | replace each number by twice that number", _mapped(lambda n: 2 * n)),
    entry(
        "sums",
        "replace each number by the sum of itself and all before it | replace the numbers by their running totals",
        lambda items: [str(sum(map(int, items[: i + 1]))) for i in range(len(items))],
    ),
    entry(
        "sum",
        "add up the numbers | give the sum of the numbers",
        lambda items: [str(sum(map(int, items)))],
        gives="result",
    ),
    entry(
        "spread",
        "subtract the smallest number from the largest | say by how much the largest number exceeds the smallest",
        lambda items: [str(max(map(int, items)) - min(map(int, items)))],
        gives="result",
    ),
)
_ON_LETTERS = (
    entry("sort", "sort the letters from A to Z | put the letters in alphabetical order", sorted),
    entry(
        "replace",
        "replace each letter {x} by {y} | write {y} wherever there is the letter {x}",
        lambda items, x, y: [y if item == x else item for item in items],
        two_letters,
    ),
    entry(
        "consonants",
        "remove all vowels (a, e, i, o, u) | take out each a, e, i, o and u",
        lambda items: [item for item in items if item not in _VOWELS],
    ),
    entry(
        "vowels",
        "keep only the vowels (a, e, i, o, u) | remove all letters but a, e, i, o and u",
        lambda items: [item for item in items if item in _VOWELS],
    ),
    entry(
        "delete",
        "remove each letter {x} | leave out the letter {x} wherever it is",
        lambda items, x: [item for item in items if item != x],
        one_letter,
    ),
    entry(
        "twice",
        "double each letter, so that ab becomes aabb | write every letter twice, so that ab becomes aabb",
        lambda items: [item for item in items for _ in range(2)],
    ),
    entry(
        "capitals",
        "write the letters as capitals | turn all letters into upper case",
        lambda items: ["".join(items).upper()],
        gives="result",
    ),
    entry(
        "join",
        "put {marks} between the letters | write the letters with {marks} between them",
        lambda items, marks: [MARKS[marks].join(items)],
        marks,
        gives="result",
    ),
    entry(
        "count",
        "count the letters {x} | say how often the letter {x} occurs",
        lambda items, x: [str(items.count(x))],
        one_letter,
        gives="result",
    ),
)

OPERATIONS: Mapping[str, tuple[Operation, ...]] = {
    "words": operations_on("words", *_ON_ALL, *_ON_WORDS),
    "numbers": operations_on("numbers", *_ON_ALL, *_ON_NUMBERS),
    "letters": operations_on("letters", *_ON_ALL, *_ON_LETTERS),
}
