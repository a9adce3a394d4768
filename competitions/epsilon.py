"""Epsilon: the part by which a challenger must beat the champion, and how it decays with the champion's age."""

from dataclasses import dataclass

from competitions.check import Invalid, within


@dataclass(frozen=True, kw_only=True)
class Epsilon:
    """The champion's advantage, as a share of its loss: `start` at its commit, `end` after `decay_blocks` blocks.

    Worked example: from 5% to 1% over 5 days of 7,200 blocks, a champion of 2.5 days has 3%.
    """

    start: float
    end: float
    decay_blocks: int

    def __post_init__(self) -> None:
        within("start", self.start, 0, 0.5)
        within("end", self.end, 0, 0.5)
        within("decay_blocks", self.decay_blocks, 1)
        if self.end > self.start:
            raise Invalid("end", self.end, f"at most start, which is {self.start:g}")

    def at(self, age: int) -> float:
        """Epsilon for a champion committed `age` blocks ago: linear in the age, then `end` for ever."""
        left = 1 - min(max(age, 0), self.decay_blocks) / self.decay_blocks
        return self.end + (self.start - self.end) * left
