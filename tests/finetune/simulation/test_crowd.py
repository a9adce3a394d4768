"""Deciding many duels at once comes to what the rules' own functions say, batch by batch."""

from itertools import product

import numpy as np
import pytest

from competitions.dethroning import dethrones
from competitions.duel import tally
from competitions.evidence import ahead, behind
from finetune.simulation.crowd import chance_ever_ahead, equals, watch, wins_needed
from finetune.simulation.setting import Setting
from finetune.simulation.world import World
from tests.finetune.simulation.conftest import silent


@pytest.mark.parametrize("alpha", [1e-4, 0.01, 0.3])
def test_the_table_of_wins_says_what_the_rule_says_for_every_count(alpha: float) -> None:
    needed = wins_needed(alpha, 120)
    for wins, losses in product(range(61), repeat=2):
        assert (wins >= needed[wins + losses]) == ahead(wins, losses, alpha)


@pytest.mark.parametrize("epsilon", [0.0, 0.01, 0.05])
def test_watching_many_duels_is_judging_each_after_every_batch(setting: Setting, epsilon: float) -> None:
    rng = np.random.default_rng(1)
    losses = World(between_rounds=0.2).draw((1.0, 0.95), 30, 1, 100, rng)[:, :, 0]
    champion, challenger = losses[:, 0].copy(), losses[:, 1].copy()
    challenger[:10, 5] = 40.0  # better nearly everywhere and far worse once: the mean must keep it out
    challenger[10:12] = champion[10:12]
    rules = setting.competition
    watched = watch(champion, challenger, rules, epsilon)
    dethroned, stopped = [], []
    for ours, theirs in zip(champion, challenger, strict=True):
        duels = [tally(ours[:n], theirs[:n], epsilon=epsilon, floor=rules.judge.floor) for n in range(1, 101)]
        dethroned.append(any(dethrones(duel, rules) for duel in duels))
        stopped.append(any(behind(duel.wins, duel.losses, rules.judge.stop_alpha) for duel in duels))
    assert watched.dethroned.tolist() == dethroned
    assert watched.behind.tolist() == stopped
    assert 0 < sum(dethroned) < 30
    assert sum(stopped) > 0


def test_the_exact_chance_is_the_share_of_all_sequences_of_throws() -> None:
    alpha, throws = 0.1, 12
    crossed = 0
    for sequence in product((0, 1), repeat=throws):
        wins = np.cumsum(sequence)
        crossed += any(ahead(int(w), n + 1 - int(w), alpha) for n, w in enumerate(wins))
    assert crossed > 0
    assert chance_ever_ahead(alpha, throws) == pytest.approx(crossed / 2**throws)


def test_equals_are_dethroned_as_seldom_as_promised_where_batches_share_no_luck(small: Setting) -> None:
    bare, helped = equals(small, (0.0, 0.01), 600, 10, silent)
    assert bare.chance <= small.competition.judge.alpha / 2
    assert bare.dethroned == helped.dethroned == 0
    # The same bound on the other side is met often enough to be seen.
    assert bare.stopped <= 600 * small.competition.judge.stop_alpha / 2 + 3 * (600 * 0.005) ** 0.5
    assert helped.stopped > bare.stopped
    assert bare.won_once["aggregate"] > 590


def test_luck_that_a_round_shares_breaks_the_promise_and_epsilon_mends_part_of_it(setting: Setting) -> None:
    shared = Setting(competition=setting.competition, world=World(between_rounds=0.1))
    bare, helped = equals(shared, (0.0, 0.01), 250, 20, silent)
    assert bare.dethroned > helped.dethroned > 0


def test_the_same_seed_gives_the_same_crowd_and_another_seed_another(small: Setting) -> None:
    again = Setting(competition=small.competition, seed=1)
    assert equals(small, (0.01,), 300, 3, silent) == equals(small, (0.01,), 300, 3, silent)
    assert equals(small, (0.01,), 300, 3, silent) != equals(again, (0.01,), 300, 3, silent)
