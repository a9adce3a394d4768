"""What the puzzles share: the facts of one, its question, and what solving it finds."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Solution:
    """What follows from the facts, each as a sentence; the answer to the question; and the sample's document."""

    findings: tuple[str, ...]
    answer: str
    document: str


@dataclass(frozen=True, kw_only=True)
class Puzzle:
    """Facts, one a sentence without a full stop inside, and a question, both in plain English."""

    facts: tuple[str, ...]
    question: str
    solution: Solution


def capital(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]
