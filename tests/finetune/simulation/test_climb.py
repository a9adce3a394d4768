"""How long better models take, by rule."""

import pytest

from finetune.simulation.climb import MOST_ROUNDS, OURS, climb
from finetune.simulation.setting import Setting
from tests.finetune.simulation.conftest import silent


def test_a_lead_of_10_percent_wins_in_the_first_round_under_every_rule(setting: Setting) -> None:
    found = climb(setting, 0.1, "old", 5, silent)
    assert set(found.median_rounds.values()) == {1}
    assert found.median_samples == {OURS: 480, "aggregate": 480, "per batch": 480}
    assert found.won[OURS] == 5


def test_a_lead_as_small_as_epsilon_never_wins_and_the_classic_rules_pay_it_by_luck(setting: Setting) -> None:
    found = climb(setting, 0.01, "old", 1, silent)
    assert found.rounds == MOST_ROUNDS
    assert found.won == {OURS: 0, "aggregate": 1, "per batch": 1}
    assert found.median_rounds[OURS] is found.median_samples[OURS] is None


def test_a_new_champion_holds_out_longer_than_an_old_one(setting: Setting) -> None:
    old, new = (climb(setting, 0.05, age, 5, silent).median_rounds[OURS] for age in ("old", "new"))
    assert old is not None
    assert new is not None
    assert old < new


def test_what_90_in_100_stayed_within_needs_as_many_that_won(setting: Setting, monkeypatch) -> None:
    firsts = iter([{OURS: (n, 10 * n)} for n in range(1, 9)] + [{}, {}])
    monkeypatch.setattr("finetune.simulation.climb._until_won", lambda *_: next(firsts))
    found = climb(setting, 0.05, "old", 10, silent)
    assert found.won[OURS] == 8
    assert found.median_rounds[OURS] == 5
    assert found.median_samples[OURS] == 50
    assert found.most_rounds[OURS] is None


@pytest.mark.parametrize("seed", [1, 2])
def test_another_seed_is_other_luck(setting: Setting, seed: int) -> None:
    other = Setting(competition=setting.competition, seed=seed)
    assert climb(setting, 0.02, "old", 3, silent) != climb(other, 0.02, "old", 3, silent)
    assert climb(other, 0.02, "old", 3, silent) == climb(other, 0.02, "old", 3, silent)
