"""Progress: a line now and then that can be read in a terminal and in a log alike."""

import time
from collections import Counter
from collections.abc import Callable

from finetune.generating.budget import Budget

_EVERY = 15.0  # seconds between lines


class Progress:
    """Counts what is done and says where a run stands: done, rows, rejected, cost, and when it will end."""

    def __init__(
        self, total: int, budget: Budget, *, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin a session of a run of `total` rows to ask for; `clock` is in seconds."""
        self.total = total
        self.done = 0
        self.rows = 0
        self.rejected: Counter[str] = Counter()
        self._budget = budget
        self._say = say
        self._clock = clock
        self._began = self._last = clock()
        self._asked_here = 0

    def finished(self, *, row: bool, asked: bool) -> None:
        """One row came or did not come; `asked` says whether this session asked for it."""
        self.done += 1
        self.rows += row
        self._asked_here += asked
        now = self._clock()
        if asked and (now - self._last >= _EVERY or self.done == self.total):
            self._last = now
            self._say(self.line())

    def line(self) -> str:
        """Where the run stands, with end and cost as they will be if it goes on like this."""
        spent, left = self._budget.spent, self.total - self.done
        parts = [f"{self.done:,} of {self.total:,} asked", f"{self.rows:,} rows", f"{spent.requests:,} requests"]
        if self.rejected:
            reason, count = self.rejected.most_common(1)[0]
            parts.append(f"{self.rejected.total():,} replies rejected (most often {reason}: {count:,})")
        if spent.cost:
            expected = spent.cost * self.total / max(1, self.done)
            parts.append(f"cost {spent.cost:.4f}, {expected:.4f} expected in all")
        if left and self._asked_here:
            parts.append(f"ends in about {_duration((self._clock() - self._began) / self._asked_here * left)}")
        return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
