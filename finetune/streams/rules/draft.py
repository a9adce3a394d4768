"""A draft: the plainest reply that keeps the rules which wrote into it. It knows no rule.

Its own words are chosen so that no rule that forbids or limits something is broken by them: no commas, no capitals but
the first of a sentence, only the commonest letters.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from finetune.streams.rules.counting import words


@dataclass(kw_only=True)
class Draft:
    """The parts of a reply, in the order in which they stand.

    Attributes:
        opening: what the reply begins with.
        heads: one for each part of the body: what that part begins with.
        divider: what stands between the parts of the body.
        pieces: words that must occur somewhere.
        least_sentences: how many sentences there must be.
        least_words: how many words there must be.
        bullets: how many bullet points there must be.
        closing: what the reply ends with.
        finishes: what is done to the whole text in the end, in any order.
    """

    opening: str = ""
    heads: list[str] = field(default_factory=lambda: [""])
    divider: str = "\n\n"
    pieces: list[str] = field(default_factory=list)
    least_sentences: int = 1
    least_words: int = 0
    bullets: int = 0
    closing: str = ""
    finishes: list[Callable[[str], str]] = field(default_factory=list)

    def text(self) -> str:
        """The reply."""
        missing = self.least_words - len(words(self._joined(())))
        text = self._joined(("on",) * missing)
        for finish in self.finishes:
            text = finish(text)
        return text

    def _joined(self, padding: tuple[str, ...]) -> str:
        first = " ".join(("Here it is", *self.pieces, *padding)) + "." + " So it is." * (self.least_sentences - 1)
        body = [self.heads[0] + first, *(head + "So it is." for head in self.heads[1:])]
        return self.opening + self.divider.join(body) + "\n* item" * self.bullets + self.closing
