"""How the board writes numbers: one function per kind of figure, so that a chart and its table never differ."""

from math import log2

NONE = "\N{EN DASH}"  # in place of a figure that there is not


def whole(number: int) -> str:
    """A count or a block: 12,340."""
    return f"{number:,}"


def bits(loss: float) -> str:
    """A loss in bits, four digits: what separates good models shows in the third."""
    return f"{loss:.4f}"


def share(part: float) -> str:
    """A part of 1 in percent with one digit."""
    return f"{100 * part:.1f}%"


def alpha(amount: float) -> str:
    """An amount of alpha."""
    return f"{amount:,.2f}"


def power(exponent: float) -> str:
    """Evidence, which is kept as its log2: 2^13.3."""
    return f"2^{exponent + 0:.1f}".replace("^-0.0", "^0.0")


def needed(level: float) -> float:
    """log2 of the evidence that a level such as alpha asks for: log2(1/level)."""
    return -log2(level)


def short(address: str) -> str:
    """An address cut to its ends; the whole one stands in the table of who is who."""
    return address if len(address) <= 12 else f"{address[:6]}…{address[-4:]}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 round, 3 rounds."""
    return f"{whole(number)} {one if number == 1 else many or one + 's'}"


def listed(parts: list[str]) -> str:
    """Parts as one phrase: a, b and c."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
