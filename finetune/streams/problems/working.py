"""Worked lines: an amount carried from step to step, each written down, such as "3 kg - 1.5 kg = 1.5 kg"."""

import re
from collections.abc import Iterable, Sequence

from finetune.streams.problems.measures import Form, Measure

# An amount in small units, and how it is told.
Told = tuple[int, Form]

_LINE = re.compile(r"([^=*/+-]+)(?: ([*/+-]) ([^=*/+-]+))? = ([^=*/+-]+)")
_NUMBER = re.compile("[1-9][0-9]{0,5}")


class Working:
    """The lines of a reasoning. Units are converted only where two amounts, or an amount and its result, need it."""

    def __init__(self, measure: Measure) -> None:
        self.lines: list[str] = []
        self._measure = measure

    def combine(self, left: Told, sign: str, right: Told) -> Told:
        """The sum or difference of two amounts."""
        result = left[0] + right[0] if sign == "+" else left[0] - right[0]
        left, right = self._alike(left, right, fits=self._measure.fits_big(result))
        return self._line(f"{self._say(left)} {sign} {self._say(right)}", (result, left[1]))

    def scale(self, amount: Told, sign: str, number: int) -> Told:
        """An amount multiplied or divided by a number, which goes into it without a rest."""
        result = amount[0] * number if sign == "*" else amount[0] // number
        amount = self.ready(amount, result)
        return self._line(f"{self._say(amount)} {sign} {number}", (result, amount[1]))

    def count(self, amount: Told, part: Told) -> int:
        """How often a part goes into an amount."""
        amount, part = self._alike(amount, part, fits=True)
        self.lines.append(f"{self._say(amount)} / {self._say(part)} = {amount[0] // part[0]}")
        return amount[0] // part[0]

    def ready(self, amount: Told, result: int) -> Told:
        """The amount in units in which the result can be told as well."""
        if amount[1] == "big" and self._measure.fits_big(result):
            return amount
        return self.convert(amount, "small")

    def convert(self, amount: Told, form: Form) -> Told:
        """The amount told in another form, by a line of its own if that changes anything."""
        return self._line(self._say(amount), (amount[0], form)) if amount[1] != form else amount

    def _alike(self, left: Told, right: Told, *, fits: bool) -> tuple[Told, Told]:
        if fits and left[1] == right[1] == "big":
            return left, right
        return self.convert(left, "small"), self.convert(right, "small")

    def _say(self, amount: Told) -> str:
        return self._measure.say(*amount)

    def _line(self, text: str, result: Told) -> Told:
        self.lines.append(f"{text} = {self._say(result)}")
        return result


def follows(
    lines: Sequence[str], measure: Measure, *, amounts: Iterable[str], numbers: Iterable[int], results: Sequence[int]
) -> bool:
    """Whether worked lines are right, and lead from what is given to these results in this order.

    Every line must be true, and take its amounts, as they are told, and its numbers from the given ones or from lines
    before it. A result is an amount in small units, or a plain number where amounts are divided by each other.
    """
    known, given, found = set(amounts), set(numbers), list[int]()
    for line in lines:
        parts = _LINE.fullmatch(line)
        if parts is None:
            return False
        left, sign, right, told = parts.groups()
        amount, other, number = measure.read(left), measure.read(right or ""), _number(right or "")
        result = _number(told) if sign == "/" and other else measure.read(told)
        if left not in known or amount is None or result is None:
            return False
        if sign is None:
            # A conversion: the same amount in another form.
            if result != amount or told == left:
                return False
        elif (right in known or number in given) and _holds(amount, sign, other, number, result):
            found.append(result)
        else:
            return False
        known.add(told)
    return found == list(results)


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def _holds(amount: int, sign: str, other: int | None, number: int | None, result: int) -> bool:
    if other is not None:
        held = {"+": amount + other == result, "-": amount - other == result, "/": result * other == amount}
    elif number is not None:
        held = {"*": amount * number == result, "/": result * number == amount}
    else:
        return False
    return held.get(sign, False)
