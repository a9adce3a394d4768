"""What a person sees while a rehearsal runs: bars with the expected end on a terminal, plain lines anywhere else."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_LINES_PER_STAGE = 5  # without a terminal, where nothing can be drawn over


class Show:
    """Tells how far a rehearsal is. Use as a context: it leaves the terminal as it was."""

    def __init__(self, console: Console) -> None:
        """Nothing is drawn yet."""
        self.console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[doing]}"),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> "Show":
        """Start drawing."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop drawing."""
        self._progress.stop()

    def say(self, text: str) -> None:
        """One line that stays."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def doing(self, text: str) -> None:
        """What is going on right now, beside the bar; gone with the next."""
        for task in self._progress.tasks[-1:]:
            self._progress.update(task.id, doing=text)

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Callable[[str, int], None]]:
        """Show one stage of so many units; call what it gives with what is being done and how many units are over."""
        task = self._progress.add_task(name, total=total, doing="")
        began, told = time.monotonic(), 0

        def over(doing: str, units: int) -> None:
            nonlocal told
            self._progress.update(task, completed=units, doing=doing)
            if not self.console.is_terminal and units * _LINES_PER_STAGE // total > told:
                told = units * _LINES_PER_STAGE // total
                left = (time.monotonic() - began) * (total - units) / units
                self.say(f"{name}: {units * 100 // total}%, about {left:.0f} s left ({doing})")

        yield over
        self._progress.update(task, completed=total, doing="")
