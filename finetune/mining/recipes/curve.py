"""The loss curve as a picture: held-out loss above, training loss below, each over steps. It knows no training."""

from collections.abc import Sequence
from html import escape

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 200, 64, 16, 30, 24  # of one of the two charts
_STYLE = (
    "text { font: 12px sans-serif; fill: #1e2126; } .page { fill: #ffffff; } .axis { stroke: #dedbd3; } "
    ".line { fill: none; stroke: #0b6b66; stroke-width: 2; } .best { fill: #b9531f; } "
    "@media (prefers-color-scheme: dark) { text { fill: #e9e7e2; } .page { fill: #1a1d22; } .axis { stroke: #30353d; } "
    ".line { stroke: #5ccabf; } .best { fill: #f09a68; } }"
)


def draw(held_out: Points, training: Points, unit: str) -> str:
    """An SVG file. Points are (step, loss), from left to right; the lowest held-out loss is marked."""
    last = max((step for step, _ in (*held_out, *training)), default=1)
    charts = [
        _chart(f"held-out loss, {unit}", held_out, last, 0, mark=True),
        _chart("training loss", training, last, _HEIGHT, mark=False),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {2 * _HEIGHT}" role="img" '
        f'aria-label="held-out and training loss by step"><style>{_STYLE}</style>'
        f'<rect class="page" width="{_WIDTH}" height="{2 * _HEIGHT}"/>{"".join(charts)}</svg>\n'
    )


def _chart(title: str, points: Points, last: float, top: int, *, mark: bool) -> str:
    """One chart, whose upper edge is at `top`."""
    losses = [loss for _, loss in points] or [0.0]
    low, high = min(losses), max(losses)
    bottom = top + _HEIGHT - _BOTTOM

    def across(step: float) -> float:
        return _LEFT + step / max(last, 1) * (_WIDTH - _LEFT - _RIGHT)

    def up(loss: float) -> float:
        return bottom - (loss - low) / (high - low or 1.0) * (bottom - top - _TOP)

    parts = [f'<text x="{_LEFT}" y="{top + 18}">{escape(title)}</text>']
    for loss in (low, high):
        parts.append(
            f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{up(loss):.1f}" y2="{up(loss):.1f}"/>'
        )
        parts.append(f'<text x="{_LEFT - 6}" y="{up(loss) + 4:.1f}" text-anchor="end">{loss:.3f}</text>')
    line = " ".join(f"{across(step):.1f},{up(loss):.1f}" for step, loss in points)
    parts.append(f'<polyline class="line" points="{line}"/>')
    if mark and points:
        step, loss = min(points, key=lambda point: point[1])
        parts.append(f'<circle class="best" cx="{across(step):.1f}" cy="{up(loss):.1f}" r="4"/>')
    parts.append(f'<text x="{_LEFT}" y="{bottom + 18}">0</text>')
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{bottom + 18}" text-anchor="end">{last:,.0f} steps</text>')
    return "".join(parts)
