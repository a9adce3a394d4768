"""Rules on how long the whole reply is."""

from dataclasses import dataclass

from finetune.streams.rules.counted import AT_LEAST, AT_MOST, CountedRule
from finetune.streams.rules.counting import count_sentences, words
from finetune.streams.rules.draft import Draft


@dataclass(frozen=True, kw_only=True)
class NumberWords(CountedRule):
    """A number of words. Unlike the published checker's, "don't" and "well-known" are one word each."""

    kind = "length_constraints:number_words"
    wording = "The whole reply must have {amount}."
    noun = "word"
    ranges = ((AT_LEAST, range(40, 201, 20)), (AT_MOST, range(80, 201, 20)))

    def found(self, reply: str) -> int:
        """The number of words."""
        return len(words(reply))

    def write(self, draft: Draft) -> None:
        """Ask for the words."""
        draft.least_words = self.needed


@dataclass(frozen=True, kw_only=True)
class NumberSentences(CountedRule):
    """A number of sentences.

    Unlike the published checker's, no abbreviation or list number ends one, and what has no mark at its end (a title,
    a heading, a list item) is none, as the instruction says.
    """

    kind = "length_constraints:number_sentences"
    wording = "Write {amount}, counting only what ends with a full stop, question mark or exclamation mark."
    noun = "sentence"
    ranges = ((AT_LEAST, range(3, 11)), (AT_MOST, range(3, 9)))

    def found(self, reply: str) -> int:
        """The number of sentences."""
        return count_sentences(reply)

    def write(self, draft: Draft) -> None:
        """Ask for the sentences, of which a draft has one already."""
        draft.least_sentences = max(1, self.needed)
