"""Rules on capital and small letters. Unlike the published checker's, they do not ask which language it is."""

from dataclasses import dataclass
from typing import Self

from finetune.streams.draws import Draws
from finetune.streams.rules.counted import AT_LEAST, AT_MOST, CountedRule
from finetune.streams.rules.counting import words
from finetune.streams.rules.draft import Draft
from finetune.streams.rules.rule import Rule


@dataclass(frozen=True, kw_only=True)
class Lowercase(Rule):
    """No capital letter, and at least one small one."""

    kind = "change_case:english_lowercase"
    wording = "Write the whole reply in small letters: no capital letter may occur."

    @classmethod
    def draw(cls, draws: Draws) -> Self:  # noqa: ARG003
        """The rule: it has no values."""
        return cls()

    def holds(self, reply: str) -> bool:
        """Whether all letters are small."""
        return reply.islower()

    def write(self, draft: Draft) -> None:
        """Make all letters small."""
        draft.finishes.append(str.lower)


@dataclass(frozen=True, kw_only=True)
class Uppercase(Rule):
    """No small letter, and at least one capital."""

    kind = "change_case:english_capital"
    wording = "Write the whole reply in capital letters: no small letter may occur."

    @classmethod
    def draw(cls, draws: Draws) -> Self:  # noqa: ARG003
        """The rule: it has no values."""
        return cls()

    def holds(self, reply: str) -> bool:
        """Whether all letters are capitals."""
        return reply.isupper()

    def write(self, draft: Draft) -> None:
        """Make all letters capitals."""
        draft.finishes.append(str.upper)


@dataclass(frozen=True, kw_only=True)
class CapitalWords(CountedRule):
    """A number of words in capitals only. Unlike with the published checker, "I" and "A" are none."""

    kind = "change_case:capital_word_frequency"
    wording = "Use {amount} of two or more letters written in CAPITALS only."
    noun = "word"
    ranges = ((AT_LEAST, range(2, 7)), (AT_MOST, range(2, 6)))

    def found(self, reply: str) -> int:
        """How many words have two or more letters, all of them capitals."""
        return sum(word.isupper() and sum(map(str.isalpha, word)) > 1 for word in words(reply))

    def write(self, draft: Draft) -> None:
        """Put in enough such words."""
        draft.pieces += ["NOT"] * self.needed
