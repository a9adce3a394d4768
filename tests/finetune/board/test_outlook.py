"""What a submission lacks, and when it plays again: checked against the rules themselves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from competitions.competition import Competition
from competitions.dethroning import dethrones
from competitions.duel import tally
from competitions.epsilon import Epsilon
from competitions.files import read_competition
from competitions.schedule import Catalog
from competitions.season import Entrant
from competitions.stopping import may_play
from finetune.board.outlook import epsilon_block_of, margin_of, next_round, rests_until

ROOT = Path(__file__).parents[3]
HOLDER = Entrant(block=1_000, key="a@1000")


@pytest.fixture
def rules() -> Competition:
    found = read_competition(ROOT / "competitions" / "rehearsal" / "tiny.toml")
    return replace(found, reward=1.0, first_block=0, epsilon=Epsilon(start=0.05, end=0.01, decay_blocks=7_200))


def at(champion, challenger, epsilon, rules):
    return tally(champion, challenger, epsilon=epsilon, floor=rules.judge.floor)


@pytest.fixture
def losses() -> tuple[np.ndarray, np.ndarray]:
    """A champion, and a challenger that is 3% better, on 400 batches."""
    draws = np.random.default_rng(0)
    champion = np.exp(draws.normal(0, 0.3, 400))
    return champion, champion * 0.97 * np.exp(draws.normal(0, 0.02, 400))


def test_the_margin_is_the_least_that_would_take_the_seat(rules, losses):
    champion, challenger = losses
    margin = margin_of(champion, challenger, 0.05, rules)
    assert margin is not None
    assert 0.01 < margin < 0.03
    assert dethrones(at(champion, challenger * (1 - margin), 0.05, rules), rules)
    assert not dethrones(at(champion, challenger * (1 - margin + 0.001), 0.05, rules), rules)


def test_who_takes_the_seat_already_lacks_nothing(rules, losses):
    champion, challenger = losses
    assert margin_of(champion, challenger * 0.5, 0.05, rules) == 0.0


def test_on_too_few_batches_no_margin_is_enough(rules, losses):
    champion, challenger = losses
    assert margin_of(champion[:17], challenger[:17], 0.05, rules) is None
    assert margin_of(champion[:18], challenger[:18], 0.05, rules) is not None
    assert margin_of(champion[:0], challenger[:0], 0.05, rules) is None


def test_the_epsilon_block_is_the_first_at_which_the_same_batches_are_enough(rules, losses):
    champion, challenger = losses
    block = epsilon_block_of(champion, challenger, HOLDER, 1_500, rules)
    assert block is not None
    assert 1_500 < block < 8_200
    assert dethrones(at(champion, challenger, rules.epsilon.at(block - 1_000), rules), rules)
    assert not dethrones(at(champion, challenger, rules.epsilon.at(block - 1_001), rules), rules)


def test_a_lead_below_the_last_epsilon_is_never_enough(rules, losses):
    champion, _ = losses
    assert epsilon_block_of(champion, champion * 0.995, HOLDER, 1_500, rules) is None


def test_a_stopped_one_rests_until_the_rule_lets_it_play(rules, losses):
    champion, challenger = losses[0][:40], losses[1][:40] * 1.01
    stopped_at = rules.epsilon.at(500)
    block = rests_until(champion, challenger, HOLDER, 1_500, stopped_at, rules)
    assert block is not None
    for each, plays in ((block, True), (block - 1, False)):
        epsilon = rules.epsilon.at(each - 1_000)
        assert may_play(at(champion, challenger, epsilon, rules), stopped_at, epsilon, rules) is plays


def test_who_was_stopped_at_the_last_epsilon_rests_for_good(rules, losses):
    champion = losses[0][:40]
    assert rests_until(champion, champion * 1.2, HOLDER, 9_000, rules.epsilon.end, rules) is None


def test_the_next_round_is_the_competitions_own(rules):
    other = replace(rules, id=rules.id + 1, reward=0.5)
    catalog = Catalog((replace(rules, reward=0.5), other))
    step = rules.round.sync_blocks
    found = next_round(catalog, rules.id, 10 * step + 1)
    assert found in (11 * step, 12 * step)
    assert catalog.turn(found).id == rules.id
    assert next_round(catalog, rules.id, 10 * step + 1, rounds=3) == found + 4 * step


def test_after_the_last_round_there_is_none(rules):
    step = rules.round.sync_blocks
    ends = replace(rules, last_block=20 * step)
    assert next_round(Catalog((ends,)), rules.id, 19 * step) == 20 * step
    assert next_round(Catalog((ends,)), rules.id, 20 * step) is None


def test_a_competition_that_begins_far_ahead_has_its_first_round_there(rules):
    step = rules.round.sync_blocks
    between = replace(rules, id=rules.id + 1, first_block=10 * step + 1, last_block=4_000_000_000)
    catalog = Catalog((replace(rules, last_block=10 * step), between, replace(rules, first_block=4_000_000_001)))
    found = next_round(catalog, rules.id, 10 * step)
    assert found == 4_000_000_001 + -4_000_000_001 % step
