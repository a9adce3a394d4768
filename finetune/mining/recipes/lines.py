"""What a person sees of a training: one line that is overwritten on a terminal, plain lines anywhere else."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.mining.recipes.progress import Progress, duration, line

if TYPE_CHECKING:
    from finetune.mining.recipes.training import Trained

# Seconds between two lines about the training loss where there is no terminal to overwrite them on.
_PAUSE = 10.0


class Lines:
    """Takes progress, and in the end what came out."""

    def __init__(self, unit: str, say: Callable[[str], None]) -> None:
        """`unit` is that of the held-out loss; `say` prints a line that stays."""
        self._unit, self._say, self._last, self._open = unit, say, -_PAUSE, False

    def __call__(self, progress: Progress) -> None:
        """Show one report."""
        text = line(progress, self._unit)
        if sys.stdout.isatty():
            self._open = progress.held_out is None
            print(f"\r\x1b[K{text}", end="" if self._open else "\n", flush=True)
        elif progress.held_out is not None or time.monotonic() - self._last >= _PAUSE:
            self._last = time.monotonic()
            self._say(text)

    def end(self, trained: "Trained", out: Path) -> None:
        """Leave the line that is overwritten, and tell what the training did."""
        if self._open:
            print()
        change = trained.after / trained.before - 1 if trained.before else 0.0
        self._say(
            f"held out: {trained.before:.4f} {trained.unit} before, {trained.after:.4f} after ({change:+.1%}), "
            f"from step {trained.best_step:,} of {trained.step:,}, in {duration(trained.seconds)}"
        )
        if trained.after >= trained.before:
            self._say("That is no better than the base: more data helps most, then a lower learning_rate.")
        self._say(f"{out} is the model, {trained.curve} its curve")
