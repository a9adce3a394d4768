"""Rules on the paragraphs of a reply."""

from dataclasses import dataclass
from typing import Self

from finetune.streams.draws import Draws
from finetune.streams.rules.checks import one_of, plain_word, whole_number
from finetune.streams.rules.counting import bare_words, paragraphs, parts
from finetune.streams.rules.draft import Draft
from finetune.streams.rules.rule import Rule
from finetune.streams.rules.vocabulary import FIRST_WORDS

DIVIDERS = {"blank line": "a blank line", "***": "a line of three asterisks (***)"}
LEAST, MOST = 2, 20
DRAWN = range(2, 6)


@dataclass(frozen=True, kw_only=True)
class NumberParagraphs(Rule):
    """Exactly `count` paragraphs with `divider` between them.

    Unlike the published checker's, the divider is a line of its own: asterisks inside a line part nothing.
    """

    kind = "length_constraints:number_paragraphs"

    count: int
    divider: str

    def __post_init__(self) -> None:
        whole_number(self.kind, "count", self.count, least=LEAST, most=MOST)
        one_of(self.kind, "divider", self.divider, tuple(DIVIDERS))

    @classmethod
    def draw(cls, draws: Draws) -> Self:
        """A count and a divider."""
        return cls(count=draws.choice(DRAWN), divider=draws.choice(tuple(DIVIDERS)))

    def instruction(self) -> str:
        """Name the count and the divider."""
        between = DIVIDERS[self.divider]
        return f"Write exactly {self.count} paragraphs, with {between} between two paragraphs and nowhere else."

    def holds(self, reply: str) -> bool:
        """Whether so many paragraphs stand between the dividers; one with no word between two others is none."""
        found = parts(reply, "***") if self.divider == "***" else paragraphs(reply)
        return len(found) == self.count

    def write(self, draft: Draft) -> None:
        """Part the body."""
        draft.heads = [""] * self.count
        if self.divider == "***":
            draft.divider = "\n***\n"


@dataclass(frozen=True, kw_only=True)
class NthParagraphFirstWord(Rule):
    """Exactly `count` paragraphs, and number `nth` (from 1) begins with `word`, in capital or small letters."""

    kind = "length_constraints:nth_paragraph_first_word"
    wording = (
        "Write exactly {count} paragraphs, with a blank line between two paragraphs and nowhere else, "
        'and begin paragraph {nth} with the word "{word}".'
    )

    count: int
    nth: int
    word: str

    def __post_init__(self) -> None:
        whole_number(self.kind, "count", self.count, least=LEAST, most=MOST)
        whole_number(self.kind, "nth", self.nth, least=1, most=self.count)
        plain_word(self.kind, "word", self.word)

    @classmethod
    def draw(cls, draws: Draws) -> Self:
        """A count, one of the paragraphs, and a word."""
        count = draws.choice(DRAWN)
        return cls(count=count, nth=1 + draws.below(count), word=draws.choice(FIRST_WORDS))

    def holds(self, reply: str) -> bool:
        """Whether the count is right and the paragraph's first run of letters is the word."""
        found = paragraphs(reply)
        return len(found) == self.count and bare_words(found[self.nth - 1])[0] == self.word

    def write(self, draft: Draft) -> None:
        """Part the body and begin one part with the word."""
        draft.heads = [""] * self.count
        draft.heads[self.nth - 1] = f"{self.word.capitalize()} "
