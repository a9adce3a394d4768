"""Measures: pairs of units, and amounts told in them exactly. It knows no story.

An amount is a whole number of the small unit. It is told in the big unit (1.5 hours), in the small one (90 minutes) or
in both (1 hour 30 minutes).
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

Form = Literal["big", "small", "both"]

# Units that are written alike for one and for many.
_ABBREVIATIONS = ("kg", "g", "ml", "km", "m", "cm")
_IRREGULAR = {"feet": "foot", "inches": "inch"}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Two units of one kind.

    Attributes:
        factor: how many small units one big unit has.
        parts: into how many equal parts the big unit is cut where it is told with decimals.
        mixed: whether amounts are told in both units at once.
        grain: what amounts in a question are multiples of, in small units.
        most: the largest of them, in small units.
        most_small: the largest amount that a question tells in the small unit.
        decimals: how many decimals a number of big units has at least, if it is not whole.
    """

    big: str
    small: str
    factor: int
    parts: int
    mixed: bool = False
    grain: int = 1
    most: int
    most_small: int
    decimals: int = 0

    def forms(self, amount: int) -> list[Form]:
        """How a question may tell the amount."""
        forms: list[Form] = []
        if self.fits_big(amount):
            forms.append("big")
        if amount <= self.most_small or not forms:
            forms.append("small")
        if self.mixed and amount > self.factor and amount % self.factor:
            forms.append("both")
        return forms

    def forms_of_answer(self, amount: int) -> list[Form]:
        """The single units in which a question may ask for the amount: by the dozen it does not."""
        return ["small", "big"] if self.fits_big(amount) and " " not in self.big else ["small"]

    def fits_big(self, amount: int) -> bool:
        """Whether the amount is told in the big unit: it is a whole number of parts."""
        return amount * self.parts % self.factor == 0

    def say(self, amount: int, form: Form) -> str:
        """The amount, such as "1.5 kg", "1500 g" or "2 hours 5 minutes"."""
        if form == "both":
            return f"{self.say(amount - amount % self.factor, 'big')} {self.say(amount % self.factor, 'small')}"
        if form == "small":
            return f"{amount} {unit(self.small, one=amount == 1)}"
        return f"{self._decimal(amount)} {unit(self.big, one=amount == self.factor)}"

    def _decimal(self, amount: int) -> str:
        whole, rest = divmod(amount, self.factor)
        if not rest:
            return str(whole)
        # No factor and no number of parts needs more than three decimals.
        digits = str(rest * 1000 // self.factor).zfill(3).rstrip("0")
        return f"{whole}.{digits.ljust(self.decimals, '0')}"

    def read(self, text: str) -> int | None:
        """The amount, if that is exactly how `say` tells one; else None."""
        found = self._pattern.fullmatch(text)
        if not found:
            return None
        big, small = found.groups()
        amount = Fraction(big or 0) * self.factor + Fraction(small or 0)
        form: Form = "both" if big and small else "big" if big else "small"
        whole = int(amount)
        if form == "both" and not self.mixed:
            return None
        return whole if whole == amount and whole and self.say(whole, form) == text else None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        big, small = (f"(?:{unit(name, one=True)}|{name})" for name in (self.big, self.small))
        return re.compile(rf"(?=[0-9])(?:({_NUMBER}) {big})?(?:(?:^| )({_NUMBER}) {small})?", re.ASCII)


# Nine digits and three decimals at most, so that no text costs much to read.
_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,3})?"


def unit(name: str, *, one: bool) -> str:
    """The unit's name for one or for many."""
    if not one or name in _ABBREVIATIONS or name.startswith("dozen "):
        return name
    return _IRREGULAR.get(name, name.removesuffix("s"))


def dozens(things: str) -> Measure:
    """Things that are counted, alone or by the dozen."""
    return Measure(big=f"dozen {things}", small=things, factor=12, parts=1, most=240, most_small=999)


KILOGRAMS = Measure(big="kg", small="g", factor=1000, parts=1000, grain=10, most=10_000, most_small=9999)
POUNDS = Measure(big="pounds", small="ounces", factor=16, parts=4, mixed=True, most=320, most_small=160)
LITRES = Measure(big="litres", small="ml", factor=1000, parts=1000, grain=10, most=10_000, most_small=9999)
GALLONS = Measure(big="gallons", small="pints", factor=8, parts=4, mixed=True, most=240, most_small=80)
METRES = Measure(big="m", small="cm", factor=100, parts=100, grain=1, most=2500, most_small=999)
FEET = Measure(big="feet", small="inches", factor=12, parts=4, mixed=True, most=480, most_small=144)
KILOMETRES = Measure(big="km", small="m", factor=1000, parts=1000, grain=50, most=90_000, most_small=9999)
HOURS = Measure(big="hours", small="minutes", factor=60, parts=4, mixed=True, grain=1, most=900, most_small=240)
DOLLARS = Measure(big="dollars", small="cents", factor=100, parts=100, grain=5, most=9000, most_small=95, decimals=2)
EUROS = Measure(big="euros", small="cents", factor=100, parts=100, grain=5, most=9000, most_small=95, decimals=2)
