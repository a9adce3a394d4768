"""A rule: something that a reply can be told to keep. It knows no prompt and no model.

The fields of a rule are plain JSON values, so that a rule can travel with its sample.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from finetune.streams.draws import Draws
from finetune.streams.rules.draft import Draft


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    """One rule with its values, checked at construction: a value that is not allowed raises `ValueError`.

    Attributes:
        kind: the rule's stable name, as the published IFEval benchmark calls it where it has the rule.
        wording: the instruction, with the fields in braces.
    """

    kind: ClassVar[str]
    wording: ClassVar[str]

    @classmethod
    @abstractmethod
    def draw(cls, draws: Draws) -> Self:
        """A rule of this kind with values that a reply of some 400 tokens can keep."""

    @abstractmethod
    def holds(self, reply: str) -> bool:
        """Whether `reply` keeps the rule, in time linear in its length. Blank replies are not its business."""

    @abstractmethod
    def write(self, draft: Draft) -> None:
        """Put into `draft` what keeps the rule, if a plain draft does not keep it already."""

    def instruction(self) -> str:
        """The rule as a sentence for whoever writes the reply."""
        return self.wording.format(**vars(self))
