"""The figures as pictures for a page: one SVG each, in light and dark, drawn with the board's own tools."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from finetune.board.drawing import BOTTOM, HEIGHT, LEFT, RIGHT, WIDTH, Scale, horizontal_axis, ticks
from finetune.board.markup import Html, tag
from finetune.files import write_atomically
from finetune.simulation.classic import CLASSIC_RULES
from finetune.simulation.climb import OURS
from finetune.simulation.figures import Figures

_NAMES = {OURS: "these rules", "aggregate": "aggregate", "per batch": "per batch"}
_RULES = (OURS, *CLASSIC_RULES)
_HEAD = 66.0  # for the title and the names of the lines
# The board's colours, by scheme. Lines differ in their dashes too.
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1e2126; } .quiet { fill: #5b616b; }
.title { font-weight: 600; font-size: 15px; }
.page { fill: #ffffff; } .grid { stroke: #dedbd3; } .line { fill: none; stroke-width: 2.5; }
.c0 { stroke: #0b6b66; } .c1 { stroke: #b9531f; stroke-dasharray: 7 4; }
.c2 { stroke: #3b5bb5; stroke-dasharray: 2 4; } .c3 { stroke: #8a3f8f; stroke-dasharray: 10 3 2 3; }
@media (prefers-color-scheme: dark) {
text { fill: #e9e7e2; } .quiet { fill: #a6abb5; } .page { fill: #1a1d22; } .grid { stroke: #30353d; }
.c0 { stroke: #5ccabf; } .c1 { stroke: #f09a68; } .c2 { stroke: #8fb0ff; } .c3 { stroke: #d99be2; } }
"""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a plot: its name and its points, from left to right."""

    name: str
    points: Sequence[tuple[float, float]]


def write_plots(folder: Path, figures: Figures) -> list[Path]:
    """Write every plot into the folder; returns the files. Raises `SetupError`."""
    files = []
    for name, picture in plots(figures).items():
        files.append(folder / f"incentives-{name}.svg")
        write_atomically(files[-1], (picture + "\n").encode())
    return files


def plots(figures: Figures) -> dict[str, Html]:
    """The plots by name, each a whole SVG file."""
    found = {f"winner-{one.age}": one for one in figures.fields if not one.between_rounds}
    drawn = {
        name: _plot(
            f"A true rival is paid, {'an old' if one.age == 'old' else 'a new'} champion",
            "round",
            [Line(name=_NAMES[rule], points=_by_round(one.right[rule])) for rule in _RULES],
            _percent,
            "{:.0f}",
            top=1.0,
        )
        for name, one in found.items()
    }
    old = found["winner-old"]
    both = {OURS: "these rules", "aggregate": "either classic rule"}
    drawn["cost"] = _plot(
        "Samples that a round costs, an old champion and nine others",
        "round",
        [Line(name=name, points=_by_round(old.samples_by_round[rule])) for rule, name in both.items()],
        "{:,.0f}".format,
        "{:.0f}",
    )
    drawn["error"] = _plot(
        "Challengers no better than the champion that are ever paid in 20 rounds",
        "spread between rounds of the chance to win a batch",
        _errors(figures),
        _percent,
        "{:.0%}",
        top=1.0,
    )
    return drawn


def _errors(figures: Figures) -> list[Line]:
    """The share of equals ever paid, by how much luck a round shares; with the epsilon that an old champion has."""
    crowds = [one for one in figures.equals if one.epsilon]
    hardest = [one for one in figures.equals if not one.epsilon]
    ours = Line(name=_NAMES[OURS], points=[(one.between_rounds, one.dethroned / one.challengers) for one in crowds])
    classic = [
        Line(name=_NAMES[rule], points=[(one.between_rounds, one.won_once[rule] / one.challengers) for one in crowds])
        for rule in CLASSIC_RULES
    ]
    bare = [(one.between_rounds, one.dethroned / one.challengers) for one in hardest]
    return [ours, *classic, Line(name="these rules at epsilon 0", points=bare)]


def _by_round(values: Sequence[float]) -> list[tuple[float, float]]:
    return [(float(number), value) for number, value in enumerate(values, start=1)]


def _percent(value: float) -> str:
    return f"{value:.0%}"


def _plot(
    title: str,
    across: str,
    lines: Sequence[Line],
    write: Callable[[float], str],
    write_across: str,
    top: float | None = None,
) -> Html:
    """Lines over one another from zero up, with a title, their names and both axes."""
    xs = sorted({x for line in lines for x, _ in line.points})
    highest = top or max(y for line in lines for _, y in line.points) * 1.05
    x = Scale(low=xs[0], high=xs[-1], start=LEFT + 10, end=WIDTH - RIGHT - 16)
    y = Scale(low=0, high=highest, start=HEIGHT - BOTTOM, end=_HEAD)
    marks = [
        tag("text", write_across.format(one), x=x(one), y=HEIGHT - BOTTOM + 18, text_anchor="middle") for one in xs
    ]
    return tag(
        "svg",
        tag("title", title),
        tag("style", _STYLE),
        tag("rect", width=WIDTH, height=HEIGHT, rx=8, class_="page"),
        tag("text", title, x=16, y=26, class_="title"),
        *_names(lines),
        horizontal_axis(y, ticks(0, highest), write),
        *marks,
        tag("text", across, x=WIDTH - RIGHT - 4, y=HEIGHT - 6, text_anchor="end", class_="quiet"),
        *(_drawn(line, number, x, y) for number, line in reversed(list(enumerate(lines)))),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
        role="img",
    )


def _names(lines: Sequence[Line]) -> list[Html]:
    """The name of each line beside a piece of it, in one row below the title."""
    parts, place = [], 16.0
    for number, line in enumerate(lines):
        parts.append(tag("path", d=f"M{place:.0f} 44h26", class_=f"line c{number}"))
        parts.append(tag("text", line.name, x=place + 32, y=48, class_="quiet"))
        place += 56 + 6.6 * len(line.name)
    return parts


def _drawn(line: Line, number: int, x: Scale, y: Scale) -> Html:
    path = "M" + "L".join(f"{x(across):.1f} {y(up):.1f}" for across, up in line.points)
    return tag("path", d=path, class_=f"line c{number}")
