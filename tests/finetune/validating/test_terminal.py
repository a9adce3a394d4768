"""What an operator sees of a round, on a terminal and without one."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from finetune.validating.terminal import Terminal
from finetune.validating.watching import STAGES, Doing

SCORING = Doing(
    sync=4_680,
    title="B7_MULTI_CHOICE",
    stage="score",
    key="5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty@1200",
    total=800,
    waiting=(
        "5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy@1300",
        "5Ck5SLSHYac6WFt5UZRSsdJjwmpSZq85fd5TRNAdZQVzEAPT@1400",
    ),
)


class Clock:
    """Seconds that pass when a test says so."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def opened(*, terminal: bool) -> tuple[Terminal, StringIO, Clock]:
    shown, clock = StringIO(), Clock()
    console = Console(file=shown, force_terminal=terminal, width=110, color_system=None, legacy_windows=False)
    return Terminal(console, clock=clock, now=lambda: 0.0), shown, clock


def at(done: int) -> Doing:
    return replace(SCORING, done=done)


def test_without_a_terminal_a_line_says_when_and_what() -> None:
    view, shown, _ = opened(terminal=False)
    with view:
        view.say("round 4680: judged; 5F@1 holds the seat of B7")
    assert shown.getvalue() == "1970-01-01 00:00:00 round 4680: judged; 5F@1 holds the seat of B7\n"


def test_without_a_terminal_long_scoring_says_once_a_minute_how_far_it_is() -> None:
    view, shown, clock = opened(terminal=False)
    with view:
        for done in range(801):
            view.watch(at(done))
            clock.seconds += 0.2
    lines = shown.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("@1200 300 of 800 samples, at most 7 min left for all")
    assert "\x1b" not in shown.getvalue()


def test_a_terminal_shows_stage_progress_queue_time_left_and_decisions() -> None:
    view, shown, clock = opened(terminal=True)
    with view:
        view.say("round 4320: judged; 5F@1 holds the seat of B7_MULTI_CHOICE")
        view.watch(at(0))
        clock.seconds = 40.0
        view.watch(at(200))
        view._live.refresh()
    text = shown.getvalue()
    assert all(stage in text for stage in STAGES)
    for part in (
        "round 4,680, B7_MULTI_CHOICE",
        "5FHneW46…@1200",
        "200 of 800 samples, at most 7 min left for all",
        "2 wait: 5DAAnrj7…@1300, 5Ck5SLSH…@1400",
    ):
        assert part in text
    assert text.count("judged; 5F@1") >= 2, "as a line that stays, and among the last decisions"


def test_before_the_first_round_a_terminal_says_that_it_waits() -> None:
    view, shown, _ = opened(terminal=True)
    with view:
        view._live.refresh()
    assert "waiting for the next round" in shown.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_texts_of_strangers_neither_draw_nor_style(terminal: bool) -> None:
    view, shown, _ = opened(terminal=terminal)
    with view:
        view.say("x misses the round, and it is not the miner's fault: \x1b[31m\x07\u202e[bold]red[/bold]")
        view.watch(at(1))
    assert "\x07" not in shown.getvalue()
    assert "\u202e" not in shown.getvalue()
    assert r"\x1b[31m\x07\u202e[bold]red[/bold]" in shown.getvalue()
