"""The control: the reference's losses here beside the known ones.

A machine that finds others than the known ones can trust none of its figures.
"""

from collections.abc import Sequence

from competitions.competition import Competition
from finetune.errors import ScoringError


class ControlFailed(ScoringError):
    """The reference's figures on this machine are not the known ones: nothing it scores can be trusted."""


def check_control(found: Sequence[float], competition: Competition) -> None:
    """Compare the reference's losses on the control samples with the known ones. Raises `ControlFailed`."""
    reference = competition.reference
    for number, (ours, known) in enumerate(zip(found, reference.control_losses, strict=True)):
        if not abs(ours - known) <= reference.control_tolerance:
            raise ControlFailed(
                f"control sample {number} of competition {competition.id}: the reference scores {ours:.4f} here, known "
                f"is {known:.4f}, allowed is a difference of {reference.control_tolerance:g}: check this machine's "
                "hardware, drivers and package versions; nothing is judged or set meanwhile"
            )
