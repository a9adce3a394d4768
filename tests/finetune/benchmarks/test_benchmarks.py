"""Each benchmark on a tiny model: that the ways agree, and that the figures have the documented names. Never a time."""

import json
import math
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from finetune.benchmarks import harness, memory
from finetune.benchmarks.adapters import adapters
from finetune.benchmarks.choice import choice
from finetune.benchmarks.generation import generation
from finetune.benchmarks.result import Result, print_result
from finetune.benchmarks.scoring import scoring
from finetune.benchmarks.setting import Setting
from finetune.benchmarks.worker import worker
from finetune.errors import ScorerUnavailable, SetupError
from finetune.rehearsal.show import Show

DOCUMENTED = Path(__file__).parents[3] / "docs" / "performance.md"
CLOSE = 1e-5


def checked(result: Result) -> Result:
    """The result, once it is sure that its JSON says the same and that the page explains each key."""
    assert json.loads(result.as_json()) == {
        "benchmark": result.benchmark,
        "about": dict(result.about),
        "ways": {name: dict(figures) for name, figures in result.ways.items()},
        "remarks": list(result.remarks),
    }
    names = set(re.findall(r"^\| `(\w+)` \|", DOCUMENTED.read_text("utf-8"), flags=re.MULTILINE))
    for figures in (result.about, *result.ways.values()):
        assert set(figures) - names == set()
    return result


def test_scoring_ways_agree_to_a_hundred_thousandth_of_a_bit_per_byte(setting: Setting, show: Show) -> None:
    result = checked(scoring(setting, show))
    expected = ["ours", "plain loop"]
    if harness.installed():
        expected += ["lm-eval, batch 1", "lm-eval, batch 8", "lm-eval, batch 32"]
    assert list(result.ways) == expected
    for figures in result.ways.values():
        assert figures["largest_difference"] < CLOSE
    assert result.about["tokens"] > 300


def test_without_lm_eval_a_remark_says_how_to_get_it(
    setting: Setting, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness, "installed", lambda: None)
    result = checked(scoring(setting, show))
    assert list(result.ways) == ["ours", "plain loop"]
    assert "constraints.txt" in result.remarks[0]


def test_a_sample_that_does_not_fit_the_model_is_one_error(setting: Setting, show: Show) -> None:
    with pytest.raises(SetupError, match="20 tokens"):
        scoring(replace(setting, sequence_length=20), show)


def test_replies_made_side_by_side_are_the_ones_made_one_by_one(setting: Setting, show: Show) -> None:
    result = checked(generation(setting, show))
    assert result.ways["ours"]["same_replies"] == setting.samples
    assert result.ways["ours"]["tokens_per_second"] > 0


def test_choices_have_the_same_bits_as_from_scratch(setting: Setting, show: Show) -> None:
    result = checked(choice(setting, show))
    assert list(result.ways) == ["ours", "a pass an option", "a pass a rotation"]
    for figures in result.ways.values():
        assert figures["largest_difference"] < CLOSE


def test_ten_adapters_load_their_base_once_and_are_no_copies_of_it(setting: Setting, show: Show) -> None:
    result = checked(adapters(replace(setting, samples=1), show))
    over_base, bare = result.ways["ten adapters"], result.ways["ten times the bare base"]
    assert over_base["base_loads"] == bare["base_loads"] == 1
    assert abs(over_base["mean_loss"] - bare["mean_loss"]) > CLOSE
    assert math.isclose(over_base["cost"], 1 / over_base["speed"])


def test_a_walled_worker_gives_the_losses_of_this_process(setting: Setting, show: Show) -> None:
    result = checked(worker(replace(setting, repeats=1), show))
    assert result.ways["walled worker"]["largest_difference"] == 0


def test_memory_has_a_line_for_every_way(setting: Setting, show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    # In this process: starting six others would take longer than all other tests here.
    monkeypatch.setattr(memory, "in_a_fresh_process", lambda function, *given: function(*given))
    monkeypatch.setattr(memory, "_LONG_TOKENS", 64)
    result = checked(memory.memory(replace(setting, repeats=1), show))
    assert list(result.ways)[:2] == ["ours", "plain loop"]
    assert list(result.ways)[-1] == memory.LONG
    assert result.ways["plain loop"]["share_of_plain"] in (1.0, None)


def test_a_peak_counts_what_is_let_go_before_the_end() -> None:
    def work() -> None:
        bytearray(b"1" * 100_000_000)

    assert 100e6 < memory.peak_of(work, "cpu") < 250e6
    assert memory.peak_of(lambda: None, "cpu") < 10e6


def test_a_long_text_under_a_large_vocabulary_never_has_all_its_logits_in_memory() -> None:
    assert memory.added_by_a_long_text(1024, "cpu") < 1024 * 150_000 * 4 / 3


def test_a_process_that_dies_is_one_error() -> None:
    with pytest.raises(ScorerUnavailable, match="the process of 9 ended early"):
        memory.in_a_fresh_process(os._exit, 9)


def test_no_samples_and_no_repeats_are_refused(setting: Setting) -> None:
    for name in ("samples", "repeats"):
        with pytest.raises(SetupError, match=f"{name} must be at least 1; found 0"):
            replace(setting, **{name: 0})


def test_a_table_shows_every_figure_in_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    ways = {"ours": {"speed": 1.25, "same_replies": 3}, "plain loop": {"speed": 1e-6, "same_replies": None}}
    result = Result(benchmark="scoring", about={"model": "tiny"}, ways=ways, remarks=("One remark.",))
    print_result(Console(width=80), result)
    shown = capsys.readouterr().out
    for part in ("scoring: model tiny", "ours", "plain loop", "1.250", "1.0e-06", "same replies", "-", "One remark."):
        assert part in shown
    assert max(map(len, shown.splitlines())) <= 80
