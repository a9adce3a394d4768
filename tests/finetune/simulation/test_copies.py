"""What copies cost."""

import pytest

from finetune.simulation.copies import copy_cost
from finetune.simulation.setting import Setting
from tests.finetune.simulation.conftest import silent


@pytest.mark.parametrize("spread", [0.0, 0.001])
@pytest.mark.parametrize("age", ["old", "new"])
def test_a_copy_costs_11_batches_of_its_first_round_and_little_after(setting: Setting, spread: float, age) -> None:
    found = copy_cost(setting, spread, age, 3, 20, silent)
    assert found.first_batches == 11
    assert found.first_share == 11 / 240
    assert found.first_share <= 0.05
    assert found.all_share == pytest.approx(found.all_batches / 4_800)
    assert found.paid == 0


def test_a_copy_with_more_noise_costs_more_and_is_not_paid_either(setting: Setting) -> None:
    found = copy_cost(setting, 0.01, "old", 10, 20, silent)
    assert found.first_batches > 11
    assert found.all_share <= 0.05
    assert found.paid == 0
