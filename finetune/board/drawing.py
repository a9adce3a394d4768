"""What pictures are drawn with: scales, round ticks and axes, in a picture's own units."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from finetune.board.markup import Html, tag

WIDTH, HEIGHT = 640.0, 300.0  # of a chart, in its own units; the page stretches it
LEFT, RIGHT, TOP, BOTTOM = 62.0, 12.0, 14.0, 40.0  # margins; wide enough for the larger letters of a narrow screen


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A line from values to places on the page; a scale of one value puts it in the middle."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The place of a value; beyond the ends it is the end."""
        if self.high <= self.low:
            return (self.start + self.end) / 2
        part = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return self.start + part * (self.end - self.start)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values between low and high, at most `most`: steps of 1, 2 or 5 times a power of ten."""
    if high <= low:
        return [low]
    raw = (high - low) / most
    power = 10.0 ** floor(log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def horizontal_axis(scale: Callable[[float], float], values: Sequence[float], write: Callable[[float], str]) -> Html:
    """Grid lines across the chart with their values at the left."""
    parts = []
    for value in values:
        place = scale(value)
        parts.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=place, y2=place, class_="grid"))
        parts.append(tag("text", write(value), x=LEFT - 8, y=place + 4, text_anchor="end"))
    return tag("g", *parts)
