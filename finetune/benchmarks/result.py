"""What a benchmark found, as JSON and as a table. It computes nothing."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

Figures = Mapping[str, float | int | None]


@dataclass(frozen=True, kw_only=True)
class Result:
    """The figures of each way by its name, what was measured on, and remarks for the reader.

    `about` names model, machine and options; all figures of one benchmark have the same keys for every way, and None
    where one has no meaning. `docs/performance.md` says what each key means.
    """

    benchmark: str
    about: Mapping[str, Any]
    ways: Mapping[str, Figures]
    remarks: tuple[str, ...] = ()

    def as_json(self) -> bytes:
        """One JSON object."""
        return json.dumps(asdict(self), indent=2).encode() + b"\n"


def print_result(console: "Console", result: Result) -> None:
    """What was measured on, a table with a column for each way, then the remarks."""
    from rich import box
    from rich.table import Table

    about = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in result.about.items())
    keys = list(dict.fromkeys(key for figures in result.ways.values() for key in figures))
    table = Table("", box=box.SIMPLE_HEAD)
    for name in result.ways:
        table.add_column(name, justify="right")
    for key in keys:
        table.add_row(key.replace("_", " "), *(_shown(figures.get(key)) for figures in result.ways.values()))
    console.print(f"\n{result.benchmark}: {about}", highlight=False, markup=False)
    console.print(table)
    for remark in result.remarks:
        console.print(remark, highlight=False, markup=False)


def _shown(value: float | int | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    # Differences are tiny, times and ratios are not.
    return f"{value:.1e}" if 0 < abs(value) < 0.001 else f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"
