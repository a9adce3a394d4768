"""The rule on commas."""

from dataclasses import dataclass
from typing import Self

from finetune.streams.draws import Draws
from finetune.streams.rules.draft import Draft
from finetune.streams.rules.rule import Rule

# The Latin, Arabic, ideographic and full-width comma: the published checker knows the first alone.
COMMAS = ",\u060c\u3001\uff0c"


@dataclass(frozen=True, kw_only=True)
class NoComma(Rule):
    """No comma, whether between words or inside a number."""

    kind = "punctuation:no_comma"
    wording = "Do not use any commas."

    @classmethod
    def draw(cls, draws: Draws) -> Self:  # noqa: ARG003
        """The rule: it has no values."""
        return cls()

    def holds(self, reply: str) -> bool:
        """Whether there is no comma."""
        return not any(comma in reply for comma in COMMAS)

    def write(self, draft: Draft) -> None:
        """Nothing: a draft has no comma."""
