"""Checks that rules share for the values of their options. It knows no rule.

Each raises one `ValueError` that names the rule, the option, what is allowed and what was found.
"""

import re
import reprlib
from collections.abc import Sequence

from finetune.streams.rules.counting import has_word

MOST_IN_A_TUPLE = 20
MOST_CHARACTERS = 200


def shown(value: object) -> str:
    """`value` as an error may show it: short, however long or deep it is."""
    return reprlib.repr(value)


def whole_number(kind: str, option: str, value: object, *, least: int, most: int) -> None:
    """Refuse all but a whole number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        _refuse(kind, option, f"a whole number from {least} to {most}", value)


def one_of(kind: str, option: str, value: object, allowed: Sequence[str]) -> None:
    """Refuse all but one of the `allowed` texts."""
    if value not in allowed:
        _refuse(kind, option, f"one of {', '.join(map(repr, allowed))}", value)


def plain_word(kind: str, option: str, value: object) -> None:
    """Refuse all but a word of 2 to 20 small letters from a to z: such a word is found whole or not at all."""
    if not _is_plain_word(value):
        _refuse(kind, option, "a word of 2 to 20 letters from a to z", value)


def plain_words(kind: str, option: str, value: object) -> None:
    """Refuse all but a tuple of 1 to 20 different plain words."""
    words = value if isinstance(value, tuple) and all(map(_is_plain_word, value)) else ()
    if not 1 <= len(set(words)) == len(words) <= MOST_IN_A_TUPLE:
        _refuse(kind, option, f"1 to {MOST_IN_A_TUPLE} different words of 2 to 20 letters from a to z", value)


def one_line(kind: str, option: str, value: object) -> None:
    """Refuse all but a line of at most 200 characters with a word in it and no white space around it."""
    if not _is_line(value):
        _refuse(kind, option, f"one line of at most {MOST_CHARACTERS} characters, with a word in it", value)


def different_lines(kind: str, option: str, value: object) -> None:
    """Refuse all but a tuple of 2 to 20 different such lines."""
    lines = value if isinstance(value, tuple) and all(map(_is_line, value)) else ()
    if not 2 <= len(set(lines)) == len(lines) <= MOST_IN_A_TUPLE:
        allowed = f"2 to {MOST_IN_A_TUPLE} different lines of at most {MOST_CHARACTERS} characters, with a word in each"
        _refuse(kind, option, allowed, value)


def _is_line(value: object) -> bool:
    return (
        isinstance(value, str)
        and len(value) <= MOST_CHARACTERS
        and has_word(value)
        and value.splitlines() == [value.strip()]
    )


def _is_plain_word(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[a-z]{2,20}", value) is not None


def _refuse(kind: str, option: str, allowed: str, found: object) -> None:
    raise ValueError(f"rule {kind}: {option} must be {allowed}; found {shown(found)}")
