"""Rules on the words and letters of a reply, whether in capital or small letters.

Unlike the published checker's, a word is looked for whole: "art" is neither found in "start" nor forbidden there.
"""

from dataclasses import dataclass
from typing import Self

from finetune.streams.draws import Draws
from finetune.streams.rules.checks import one_of, plain_word, plain_words
from finetune.streams.rules.counted import AT_LEAST, AT_MOST, EXACTLY, CountedRule
from finetune.streams.rules.counting import bare_words
from finetune.streams.rules.draft import Draft
from finetune.streams.rules.rule import Rule
from finetune.streams.rules.vocabulary import AVOIDED, KEYWORDS, REPEATED

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
# At least so many of the common, at most so many of those that the wordings of other rules need little.
COMMON, LIMITED = "aehilnorst", "bgkpvw"


@dataclass(frozen=True, kw_only=True)
class KeywordsExistence(Rule):
    """All of `keywords` occur."""

    kind = "keywords:existence"

    keywords: tuple[str, ...]

    def __post_init__(self) -> None:
        plain_words(self.kind, "keywords", self.keywords)

    @classmethod
    def draw(cls, draws: Draws) -> Self:
        """Two to four words."""
        return cls(keywords=tuple(draws.distinct(KEYWORDS, 2 + draws.below(3))))

    def instruction(self) -> str:
        """Name the words."""
        return f"Use each of these words at least once (other forms of them do not count): {', '.join(self.keywords)}."

    def holds(self, reply: str) -> bool:
        """Whether each word occurs."""
        return set(self.keywords) <= set(bare_words(reply))

    def write(self, draft: Draft) -> None:
        """Put the words in."""
        draft.pieces += self.keywords


@dataclass(frozen=True, kw_only=True)
class KeywordFrequency(CountedRule):
    """The `word` occurs a number of times."""

    kind = "keywords:frequency"
    wording = 'Use the word "{word}" {amount} (other forms of it do not count).'
    noun = "time"
    ranges = ((AT_LEAST, range(2, 6)), (EXACTLY, range(2, 5)))

    word: str

    def __post_init__(self) -> None:
        super().__post_init__()
        plain_word(self.kind, "word", self.word)

    @classmethod
    def draw(cls, draws: Draws) -> Self:
        """An amount and a word."""
        relation, count = cls._draw_amount(draws)
        return cls(relation=relation, count=count, word=draws.choice(REPEATED))

    def found(self, reply: str) -> int:
        """How often the word occurs."""
        return bare_words(reply).count(self.word)

    def write(self, draft: Draft) -> None:
        """Put the word in as often as it must be there."""
        draft.pieces += [self.word] * self.needed


@dataclass(frozen=True, kw_only=True)
class ForbiddenWords(Rule):
    """None of `words` occurs. They are common words, which a reply on any subject must take care to avoid."""

    kind = "keywords:forbidden_words"

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        plain_words(self.kind, "words", self.words)

    @classmethod
    def draw(cls, draws: Draws) -> Self:
        """Three to six words."""
        return cls(words=tuple(draws.distinct(AVOIDED, 3 + draws.below(4))))

    def instruction(self) -> str:
        """Name the words."""
        return f"Do not use any of these words: {', '.join(self.words)}."

    def holds(self, reply: str) -> bool:
        """Whether none of the words occurs."""
        return set(self.words).isdisjoint(bare_words(reply))

    def write(self, draft: Draft) -> None:
        """Nothing: a draft has none of the words that are drawn."""


@dataclass(frozen=True, kw_only=True)
class LetterFrequency(CountedRule):
    """The `letter` occurs a number of times, capital and small ones counted together, as the instruction says."""

    kind = "keywords:letter_frequency"
    wording = 'Use the letter "{letter}" {amount}, counting capital and small letters together.'
    noun = "time"
    ranges = ((AT_LEAST, range(8, 21)), (AT_MOST, range(10, 16)))

    letter: str

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of(self.kind, "letter", self.letter, tuple(ALPHABET))

    @classmethod
    def draw(cls, draws: Draws) -> Self:
        """An amount, and a letter that suits it."""
        relation, count = cls._draw_amount(draws)
        letter = draws.choice(COMMON if relation == AT_LEAST else LIMITED)
        return cls(relation=relation, count=count, letter=letter)

    def found(self, reply: str) -> int:
        """How often the letter occurs."""
        return reply.lower().count(self.letter)

    def write(self, draft: Draft) -> None:
        """Put in enough of the word that has most of the letter."""
        word = max(KEYWORDS, key=lambda word: word.count(self.letter))
        draft.pieces += [word] * -(-self.needed // word.count(self.letter))
