"""A champion, two true rivals and seven others, over rounds."""

import pytest

from finetune.simulation.climb import OURS
from finetune.simulation.field import Field, field
from finetune.simulation.setting import Setting
from tests.finetune.simulation.conftest import silent


@pytest.fixture(scope="module")
def played(setting: Setting) -> Field:
    return field(setting, "old", 8, 10, silent)


def test_classic_rules_score_all_ten_models_on_every_batch(played: Field) -> None:
    assert played.samples["aggregate"] == played.samples["per batch"] == 10 * 240
    assert played.samples_by_round["aggregate"] == [2_400.0] * 10


def test_our_rules_spend_at_most_40_percent_of_that_in_every_round(played: Field) -> None:
    assert played.part <= 0.4
    assert all(240 <= samples <= 960 for samples in played.samples_by_round[OURS])
    assert played.part == pytest.approx(sum(played.samples_by_round[OURS]) / 24_000)


def test_in_the_end_the_right_model_is_paid_at_least_as_often_as_by_either_classic_rule(played: Field) -> None:
    for shares in (played.right, played.first):
        assert shares[OURS][-1] >= max(shares["aggregate"][-1], shares["per batch"][-1])
    assert played.right[OURS][-1] == 1
    assert played.changes[OURS] <= min(played.changes["aggregate"], played.changes["per batch"])


def test_right_is_either_rival_and_first_the_earlier_alone(played: Field) -> None:
    assert sum(played.right["per batch"]) > sum(played.first["per batch"]) > 0
    for name, shares in played.right.items():
        assert all(first <= either for first, either in zip(played.first[name], shares, strict=True))
