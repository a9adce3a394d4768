"""What the measurement of a decision measures."""

from finetune.simulation.decision import decision
from finetune.simulation.setting import Setting
from tests.finetune.simulation.conftest import silent


def test_the_median_of_several_decisions_over_whole_rounds_counts(setting: Setting) -> None:
    seconds = iter([0.0, 3.0, 10.0, 11.0, 20.0, 22.0])
    found = decision(setting, 6, 500, 3, lambda: next(seconds), silent)
    assert found.seconds == 2.0
    assert (found.submissions, found.batches, found.times) == (6, 720, 3)
