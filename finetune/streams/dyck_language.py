"""Dyck words: a chat that shows nested brackets and asks for those that close them. A generated stream.

A model must keep a stack: which brackets are still open, and in which order. Question and reference together have at
most 180 bytes at the default options.
"""

from dataclasses import dataclass

from finetune.streams.draws import Draws
from finetune.streams.options import whole_number
from finetune.streams.sample import AnySample, Message, Sample
from finetune.streams.wordings import only_message, readings, wordings

PAIRS = ("()", "[]", "{}", "<>")
CLOSING = {pair[0]: pair[1] for pair in PAIRS}
WORDINGS = wordings(
    {"brackets": r"[()\[\]{}<> ]+"},
    "Close the open brackets: {brackets}",
    "Which brackets are missing at the end? {brackets}",
    "Complete this sequence of brackets: {brackets}",
    "Write the shortest ending that balances these brackets: {brackets}",
    "Some of these brackets were never closed: {brackets}\nClose them.",
    "{brackets}\nWhat comes next, if every open bracket is now closed?",
    "{brackets}\nEnd this so that each bracket has its partner.",
    "{brackets}\nWhich closing brackets are still needed, and in which order?",
    "Here is the beginning of a balanced sequence: {brackets}\nGive the shortest rest.",
    "The text {brackets} was cut off. Add only the brackets that close it.",
)
# The ending is written like the beginning: with spaces or without.
SEPARATORS = ("", " ")


@dataclass(frozen=True, kw_only=True)
class DyckLanguage:
    """Draws a beginning of `min_length` to `max_length` brackets of `kinds` kinds, nested at most `max_depth` deep.

    From 1 to `max_depth` of them are still open at its end. By default there are 10^8 beginnings of 12 brackets, 10^15
    of 24 and 10^22 of 36.
    """

    kinds: int = 4
    max_depth: int = 8
    min_length: int = 12
    max_length: int = 36

    def __post_init__(self) -> None:
        whole_number("dyck_language", "kinds", self.kinds, least=1, most=len(PAIRS))
        whole_number("dyck_language", "max_depth", self.max_depth, least=2, most=100)
        whole_number("dyck_language", "min_length", self.min_length, least=2, most=1000)
        whole_number("dyck_language", "max_length", self.max_length, least=self.min_length, most=1000)

    def draw(self, seed: bytes) -> Sample:
        """The sample of one 32-byte seed: the beginning, and the shortest ending that closes it."""
        draws = Draws(seed)
        length = self.min_length + draws.below(self.max_length - self.min_length + 1)
        brackets, still_open = self._beginning(draws, length)
        separator = draws.choice(SEPARATORS)
        question = draws.choice(WORDINGS).say(brackets=separator.join(brackets))
        reference = separator.join(CLOSING[bracket] for bracket in reversed(still_open))
        return Sample(
            messages=(Message(role="user", content=question),), reference=reference, document="".join(brackets)
        )

    def _beginning(self, draws: Draws, length: int) -> tuple[list[str], list[str]]:
        """`length` brackets, and those of them that are still open at the end."""
        openings = "".join(pair[0] for pair in PAIRS[: self.kinds])
        # An odd length leaves an odd number of brackets open, an even one an even number.
        depths = range(2 - length % 2, min(self.max_depth, length) + 1, 2)
        target = draws.choice(depths)
        brackets: list[str] = []
        still_open: list[str] = []
        for left in range(length - 1, -1, -1):
            depth = len(still_open)
            moves = openings if depth < self.max_depth and abs(depth + 1 - target) <= left else ""
            if still_open and abs(depth - 1 - target) <= left:
                # As many times as there are openings, so that nesting goes up and down equally often.
                moves += CLOSING[still_open[-1]] * self.kinds
            brackets.append(draws.choice(moves))
            if brackets[-1] in CLOSING:
                still_open.append(brackets[-1])
            else:
                still_open.pop()
        return brackets, still_open


def is_true(sample: AnySample) -> bool:
    """Whether the reference is the shortest ending of the brackets that the question shows, written as they are.

    It cancels neighbouring pairs until none is left, and reads what remains backwards.
    """
    if not isinstance(sample, Sample):
        return False
    reading = next(readings(WORDINGS, only_message(sample.messages) or ""), None)
    if reading is None:
        return False
    shown = reading["brackets"]
    brackets = shown.replace(" ", "")
    separator = " " if " " in shown else ""
    rest = brackets
    while (shorter := _without_pairs(rest)) != rest:
        rest = shorter
    if not rest or shown != separator.join(brackets) or not all(bracket in CLOSING for bracket in rest):
        return False
    ending = separator.join(CLOSING[bracket] for bracket in reversed(rest))
    return sample.reference == ending and sample.document == brackets


def _without_pairs(brackets: str) -> str:
    for pair in PAIRS:
        brackets = brackets.replace(pair, "")
    return brackets
