"""One check of a report: what was looked at, and what was found. It knows no rule."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["passed", "failed", "not checked"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """`name` says what must hold, `faults` what does not; `skipped` says why nothing was looked at, where so."""

    name: str
    faults: tuple[str, ...] = ()
    skipped: str = ""

    @property
    def outcome(self) -> Outcome:
        """Whether it holds, as far as was looked."""
        if self.faults:
            return "failed"
        return "not checked" if self.skipped else "passed"


def check(name: str, faults: Iterable[str | None]) -> Check:
    """A check with those of the faults that there are; figures that break it off, such as unknown keys, are one."""
    found = []
    try:
        found += [fault for fault in faults if fault]
    except (ArithmeticError, LookupError, ValueError) as error:
        found.append(f"the figures contradict each other: {type(error).__name__} {error!s:.200}")
    return Check(name=name, faults=tuple(found))


def differs(what: str, told: object, found: object) -> str | None:
    """One fault where the report tells another value than what was found."""
    if told == found:
        return None
    return f"{what}: the report tells {told!r:.120}, found is {found!r:.120}"
