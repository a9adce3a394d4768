"""Faults: the lines of training data that give no sample, listed up to a limit and counted by reason."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LISTED = 20
_SHOWN = 60  # characters of a value that was found
_LONGEST_DETAIL = 300  # characters


class BadLine(Exception):
    """A line that no sample is made of.

    Attributes:
        reason: one of few, so that lines can be counted by it.
        detail: what was found where, and what is allowed.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A bad line, counted from 1, and what is wrong with it."""

    file: Path
    line: int
    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.file} line {self.line}: {self.reason}: {self.detail:.{_LONGEST_DETAIL}}"


class Faults:
    """The first faults in full, and how many there are for each reason."""

    def __init__(self) -> None:
        self.listed: list[Fault] = []
        self._counts: Counter[str] = Counter()

    def add(self, file: Path, line: int, bad: BadLine) -> None:
        """Take one more fault."""
        self._counts[bad.reason] += 1
        if len(self.listed) < LISTED:
            self.listed.append(Fault(file=file, line=line, reason=bad.reason, detail=bad.detail))

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of faults by reason, the most frequent first."""
        return dict(self._counts.most_common())

    def __len__(self) -> int:
        return self._counts.total()

    def __str__(self) -> str:
        lines = [f"  {fault}" for fault in self.listed]
        if len(self) > len(lines):
            lines.append(f"  and {len(self) - len(lines):,} more; of all together:")
            lines += [f"    {count:,} x {reason}" for reason, count in self.counts.items()]
        return "\n".join(lines)


def shown(value: Any) -> str:
    """The beginning of a value as a fault shows it: in one line, and harmless to a terminal."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
