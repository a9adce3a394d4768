"""The whole simulation, its JSON, its tables and its plots."""

import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from rich.console import Console

from finetune.board.drawing import HEIGHT, WIDTH
from finetune.simulation.figures import Figures, Size, simulate
from finetune.simulation.plots import write_plots
from finetune.simulation.setting import Setting
from finetune.simulation.tables import print_tables

SIZE = Size(equals=4, spread_equals=3, climbs=1, copies=1, fields=1)
SVG = "{http://www.w3.org/2000/svg}"


class Stages:
    """Keeps what every stage was told."""

    def __init__(self) -> None:
        self.told: dict[str, tuple[int, list[int]]] = {}

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Callable[[str, int], None]]:
        self.told[name] = (total, [])
        yield lambda doing, units: self.told[name][1].append(units)


@pytest.fixture(scope="module")
def stages() -> Stages:
    return Stages()


@pytest.fixture(scope="module")
def figures(setting: Setting, stages: Stages) -> Figures:
    ticks = count()
    return simulate(setting, SIZE, stages.stage, lambda: float(next(ticks)))


def test_every_stage_counts_up_to_its_end(figures: Figures, stages: Stages) -> None:
    assert len(stages.told) == 5
    for total, units in stages.told.values():
        assert units == sorted(set(units))
        assert units[-1] == total


def test_the_json_holds_every_figure_and_what_it_is_of(figures: Figures) -> None:
    found = json.loads(figures.as_json())
    assert found["about"]["epsilon_new"] == pytest.approx(0.05 - 0.04 * 1_700 / 7_200)
    assert [one["challengers"] for one in found["equals"]] == [4, 4] + [3] * 6
    assert {(one["better"], one["age"]) for one in found["climbs"]} == {
        (better, age) for better in (0.01, 0.02, 0.05, 0.1) for age in ("old", "new")
    }
    assert len(found["copies"]) == 6
    assert [one["between_rounds"] for one in found["fields"]] == [0.0, 0.0, 0.05, 0.05]
    assert found["decision"]["seconds"] == 1.0


def test_tables_fit_a_terminal_of_80_columns_with_no_word_cut(figures: Figures) -> None:
    shown = io.StringIO()
    print_tables(Console(file=shown, width=80), figures)
    assert "…" not in shown.getvalue()
    assert "never in 140" in shown.getvalue()


def test_plots_are_pictures_with_words_that_stay_inside(figures: Figures, tmp_path: Path) -> None:
    files = write_plots(tmp_path, figures)
    assert sorted(files) == sorted(tmp_path.iterdir())
    assert {one.name for one in files} == {
        f"incentives-{name}.svg" for name in ("winner-old", "winner-new", "cost", "error")
    }
    for file in files:
        picture = ET.parse(file).getroot()
        assert picture.attrib["viewBox"] == f"0 0 {WIDTH:.0f} {HEIGHT:.0f}"
        assert picture.findtext(f"{SVG}title")
        for text in picture.iter(f"{SVG}text"):
            assert float(text.attrib["y"]) < HEIGHT
            width = 6.6 * len(text.text or "") if "text-anchor" not in text.attrib else 0
            assert float(text.attrib["x"]) + width < WIDTH, text.text
        assert len(picture.findall(f"{SVG}path")) >= 4
