"""How far a training is, and when it will end. It knows no trainer and no clock."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One report. `loss` is in nats per token since the last one, `held_out` what was just measured.

    `seconds_left` is None until a step has shown how long steps take.
    """

    step: int
    steps: int
    loss: float | None = None
    held_out: float | None = None
    seconds_left: float | None = None


def line(progress: Progress, unit: str) -> str:
    """A report as one line for a person."""
    parts = [f"step {progress.step:,} of {progress.steps:,}"]
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.4f}")
    if progress.held_out is not None:
        parts.append(f"held out {progress.held_out:.4f} {unit}")
    if progress.seconds_left is not None:
        parts.append(f"{duration(progress.seconds_left)} left")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Such as 45 s, 12 min, 3 h 20 min: two figures are enough for an estimate."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
