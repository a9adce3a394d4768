"""The rules of reported rounds, and what may be changed of them."""

from dataclasses import replace

import pytest

from competitions.epsilon import Epsilon
from finetune.errors import SetupError
from finetune.replay.rules import Change, changed_rules, recorded_rules


def of_later(account, first_block, **changes):
    """The account of a round whose competition's file was replaced at a block."""
    competition = replace(account.record.competition, first_block=first_block, **changes)
    return replace(account, record=replace(account.record, competition=competition))


def test_a_competition_that_changed_on_the_way_has_each_rule_in_its_time(north):
    wide = Epsilon(start=0.1, end=0.1, decay_blocks=1)
    rules = recorded_rules((*north[:3], *(of_later(one, 70, epsilon=wide) for one in north[3:])))
    assert rules.turn(60) == replace(north[0].record.competition, last_block=69)
    assert rules.turn(80).epsilon == wide


def test_a_change_concerns_a_competition_at_all_times(north):
    rules = recorded_rules((*north[:3], *(of_later(one, 70) for one in north[3:])))
    assert {one.judge.alpha for one in changed_rules(rules, Change(alpha=0.01)).competitions} == {0.01}


def test_rules_that_changed_without_a_file_of_their_own_are_refused(north):
    other = of_later(north[2], 0, epsilon=Epsilon(start=0.1, end=0.1, decay_blocks=1))
    with pytest.raises(SetupError, match="round 60: its rules, or its turn, are not those that the later reports tell"):
        recorded_rules((*north[:2], other, *north[3:]))


def test_a_competition_without_a_report_of_its_own_is_missed(two):
    with pytest.raises(SetupError, match=r"so some are missing: .* sum to 0.6, allowed is a sum of 1"):
        recorded_rules(one for one in two if one.record.competition.id == 1)


def test_seats_of_competitions_that_do_not_run_are_refused(north):
    record = north[0].record
    seats = replace(record.seats, before={**record.seats.before, "7": record.seats.before["1"]})
    with pytest.raises(SetupError, match=r"round 20: has seats of competitions .* by the other reports \['1'\] run"):
        recorded_rules((replace(north[0], record=replace(record, seats=seats)), *north[1:]))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Change(epsilon_end=0.2), "competition 1: epsilon.end: found 0.2, allowed is at most start, which is 0.05"),
        (Change(epsilon_start=float("nan")), "competition 1: epsilon.start: found nan, allowed is 0 to 0.5"),
        (Change(epsilon_decay_blocks=0), "competition 1: epsilon.decay_blocks: found 0, allowed is at least 1"),
        (Change(alpha=0), "competition 1: judge.alpha: found 0.0, allowed is 1e-12 to 0.5"),
        (Change(tasks={"WORD": 1}), "competition 1: tasks.name: found 'WORD', allowed is one of WORDS"),
        (Change(tasks={"WORDS": 0.5}), "competition 1: tasks.weight: found 0.5, allowed is weights that sum to 1"),
        (Change(tasks={"WORDS": 0}), r"competition 1: tasks: found \[\], allowed is at least one task"),
        (Change(tasks={"WORDS": -1}), r"competition 1: tasks\[0\].weight: found -1.0, allowed is 1e-06 to 1"),
        (Change(rewards={1: 0.5}), r"reward: the shares of competitions \[1\] .* sum to 0.5, allowed is a sum of 1"),
        (Change(rewards={2: 0.5}), r"competition 2: is not in these reports; there are \[1\]"),
        (Change(competition=3, alpha=0.1), r"competition 3: is not in these reports; there are \[1\]"),
    ],
)
def test_a_change_is_checked_as_a_competition_file_is(north, change, text):
    with pytest.raises(SetupError, match=text):
        changed_rules(recorded_rules(north), change)


def test_of_several_competitions_one_must_be_named(two):
    rules = recorded_rules(two)
    with pytest.raises(SetupError, match=r"competition_id: which of \[1, 2\] shall be judged by other rules\?"):
        changed_rules(rules, Change(alpha=0.01))
    alphas = [one.judge.alpha for one in changed_rules(rules, Change(competition=2, alpha=0.01)).competitions]
    assert alphas == [1e-4, 0.01]
