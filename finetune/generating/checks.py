"""Checks that all kinds of rows share. What a model wrote is hostile: each check names the one thing that is wrong."""

import re
import unicodedata
from typing import Any

from finetune.generating.duplicates import normalise
from finetune.streams.row_text import imitates_template

# What models write where they forget the form that was asked for; no text has a use for it.
_SLIPS = re.compile(
    r"</?think(?:ing)?>|^#{2,3} ?(?:Instruction|Response|Human|Assistant|User|System):", re.IGNORECASE | re.MULTILINE
)
# A reader of the row alone would look in vain for what these point at.
_POINTING = re.compile(
    r"\b(?:passage|excerpt)\b|\b(?:(?:text|section|document|paragraph|information|context) (?:above|below|provided)"
    r"|(?:above|provided|given|following) (?:text|section|document|paragraph|information|context)"
    r"|according to (?:the|this) (?:text|section|document|paragraph|author))\b",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\s*(?:I(?:'|\u2019)?m sorry|I am sorry|Sorry,|I can(?:'|\u2019)t|I cannot|As an AI|As a language model)", re.I
)
_TURNED = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # write from right to left, unseen


class Unfit(ValueError):
    """A reply that gives no row. Its text is the reason under which it is counted."""


def fields(value: Any, *names: str) -> dict[str, Any]:
    """`value` as an object with exactly these keys. Raises `Unfit`."""
    if not isinstance(value, dict) or set(value) != set(names):
        raise Unfit("not the JSON asked for")
    return value


def items(value: Any, *, least: int, most: int) -> list[Any]:
    """`value` as a list of a length within the bounds. Raises `Unfit`."""
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise Unfit("not the JSON asked for")
    return value


def text(value: Any, *, least: int, most: int) -> str:
    """`value` as a clean text of `least` to `most` characters, without white space around it. Raises `Unfit`."""
    if not isinstance(value, str):
        raise Unfit("not the JSON asked for")
    found = value.strip()
    if len(found) < least:
        raise Unfit("a text too short")
    if len(found) > most:
        raise Unfit("a text too long")
    if any(
        letter in _TURNED or (unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t") for letter in found
    ):
        raise Unfit("control characters")
    if has_template_tokens(found):
        raise Unfit("template tokens")
    return found


def has_template_tokens(found: str) -> bool:
    """Whether a text holds marks of chat templates, which would end a turn or begin another one."""
    return imitates_template(found) or _SLIPS.search(found) is not None


def self_contained(asked: str) -> None:
    """Nothing in what is asked points at a passage that its reader does not have. Raises `Unfit`."""
    if _POINTING.search(asked):
        raise Unfit("points at the passage")


def answers(said: str) -> None:
    """The model did not refuse. Raises `Unfit`."""
    if _REFUSAL.match(said):
        raise Unfit("a refusal")


def grounded(evidence: str, passage: str, claim: str) -> None:
    """The evidence stands in the passage word by word, and shares a word with the claim. Raises `Unfit`.

    Case, punctuation and marks such as ** or ` count for nothing; words of fewer than four letters are in everything.
    """
    quote = normalise(evidence)
    if not quote or f" {quote} " not in f" {normalise(passage)} ":
        raise Unfit("evidence that is not in the passage")
    if not _words(quote) & _words(normalise(claim)):
        raise Unfit("evidence of something else")


def _words(normalised: str) -> set[str]:
    return {word for word in normalised.split() if len(word) > 3 or word.isdigit()}
