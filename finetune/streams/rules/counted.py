"""What rules that count something in the reply have in common."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from finetune.streams.draws import Draws
from finetune.streams.rules.checks import one_of, whole_number
from finetune.streams.rules.rule import Rule

AT_LEAST, AT_MOST, EXACTLY = "at least", "at most", "exactly"
MOST = 1000


@dataclass(frozen=True, kw_only=True)
class CountedRule(Rule):
    """At least, at most or exactly `count` of something.

    Attributes:
        noun: what is counted, as the instruction's {amount} calls it.
        ranges: the relations that are drawn, each equally likely, and the counts of each.
    """

    noun: ClassVar[str]
    ranges: ClassVar[Sequence[tuple[str, Sequence[int]]]]

    relation: str
    count: int

    def __post_init__(self) -> None:
        one_of(self.kind, "relation", self.relation, (AT_LEAST, AT_MOST, EXACTLY))
        whole_number(self.kind, "count", self.count, least=1, most=MOST)

    @classmethod
    def draw(cls, draws: Draws) -> Self:
        """A relation and one of its counts."""
        relation, count = cls._draw_amount(draws)
        return cls(relation=relation, count=count)

    @classmethod
    def _draw_amount(cls, draws: Draws) -> tuple[str, int]:
        relation, counts = draws.choice(cls.ranges)
        return relation, draws.choice(counts)

    @abstractmethod
    def found(self, reply: str) -> int:
        """How many there are in `reply`."""

    def holds(self, reply: str) -> bool:
        """Whether the number found is the one asked for."""
        found = self.found(reply)
        if self.relation == EXACTLY:
            return found == self.count
        return found >= self.count if self.relation == AT_LEAST else found <= self.count

    def instruction(self) -> str:
        """The wording with the fields and with {amount}, such as "at least 3 sentences"."""
        plural = "" if self.count == 1 else "s"
        return self.wording.format(amount=f"{self.relation} {self.count} {self.noun}{plural}", **vars(self))

    @property
    def needed(self) -> int:
        """How many a reply must have: none for a rule that sets only an upper limit."""
        return 0 if self.relation == AT_MOST else self.count
