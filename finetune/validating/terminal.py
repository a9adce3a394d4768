"""What an operator sees: on a terminal the running round above the log, anywhere else plain lines with the time."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from finetune.printable import printable
from finetune.validating.watching import STAGES, Doing

_LINE_SECONDS = 60.0  # without a terminal, where nothing can be drawn over: at most one line of progress a minute
_SHOWN_WAITING = 8
_SHOWN_DECISIONS = 5
_DECISIONS = ("judged;", "is void", "waits:", "misses the round", "has not taken the weights", "cannot be had")


class Terminal:
    """Takes log lines and moments of a round. Use as a context: it leaves the terminal as it was."""

    def __init__(
        self,
        console: Console,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is drawn yet. `clock` gives seconds that only grow, `now` seconds since 1970."""
        self.console, self._clock, self._now = console, clock, now
        self._doing: Doing | None = None
        self._decisions: deque[str] = deque(maxlen=_SHOWN_DECISIONS)
        self._began = self._told = 0.0  # of this entrant, on the clock; the last line of progress
        self._live = Live(get_renderable=self._picture, console=console, refresh_per_second=2, transient=True)

    def __enter__(self) -> "Terminal":
        """Start drawing."""
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop drawing; what was logged stays."""
        self._live.stop()

    def say(self, text: str) -> None:
        """One line that stays."""
        line = printable(text)
        if any(mark in line for mark in _DECISIONS):
            self._decisions.append(line)
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self._now()))
        self.console.print(f"{when} {line}", highlight=False, markup=False, soft_wrap=True)

    def watch(self, doing: Doing) -> None:
        """The round has moved on."""
        before, self._doing = self._doing, doing
        if before is None or replace(before, done=0) != replace(doing, done=0) or doing.done == 0:
            self._began = self._told = self._clock()
        elif not self.console.is_terminal and self._clock() >= self._told + _LINE_SECONDS:
            self._told = self._clock()
            self.say(f"round {doing.sync}: {doing.key} {doing.done} of {doing.total} samples{self._left(doing)}")

    def _left(self, doing: Doing) -> str:
        """The time that scoring may still take: the rules stop most challengers sooner, so it is a bound."""
        if not doing.done:
            return ""
        each = (self._clock() - self._began) / doing.done
        left = each * (doing.total - doing.done + len(doing.waiting) * doing.total)
        return f", at most {_duration(left)} left for all"

    def _picture(self) -> RenderableType:
        doing = self._doing
        if doing is None:
            return Text("waiting for the next round", style="dim")
        place = STAGES.index(doing.stage)
        stages = Text(" ").join(
            Text(name, style="dim" if at < place else "bold reverse" if at == place else "")
            for at, name in enumerate(STAGES)
        )
        parts: list[RenderableType] = [stages]
        if doing.total:
            bar = Table.grid(padding=(0, 1))
            bar.add_row(
                Text(_short(doing.key)),
                ProgressBar(total=doing.total, completed=doing.done, width=30),
                Text(f"{doing.done:,} of {doing.total:,} samples{self._left(doing)}"),
            )
            parts.append(bar)
            parts.append(Text(_queue(doing.waiting), style="dim"))
        parts += [Text(line, style="dim", overflow="ellipsis", no_wrap=True) for line in self._decisions]
        return Panel(Group(*parts), title=Text(f"round {doing.sync:,}, {doing.title}"), title_align="left")


def _queue(waiting: tuple[str, ...]) -> str:
    if not waiting:
        return "nobody waits"
    more = f" and {len(waiting) - _SHOWN_WAITING} more" if len(waiting) > _SHOWN_WAITING else ""
    return f"{len(waiting)} wait: {', '.join(map(_short, waiting[:_SHOWN_WAITING]))}{more}"


def _short(key: str) -> str:
    """A key, hotkey@block, with as much of the hotkey as tells it from others."""
    hotkey, mark, block = key.partition("@")
    return f"{hotkey[:8]}…{mark}{block}" if len(hotkey) > 12 else key


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )
