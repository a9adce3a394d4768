"""Rounds of real validators, judged again: as they were by the rules they were played by, and otherwise by others."""

from dataclasses import replace

import pytest

from competitions.lineage import Lineage
from competitions.rejection import Rejection
from finetune.replay.comparison import compare
from finetune.replay.replay import replay
from finetune.replay.reports import read_reports
from finetune.replay.rules import Change, changed_rules, recorded_rules
from tests.finetune.replay.played import named, play_crowded, rounds_of


def replayed(accounts, **changes):
    recorded = recorded_rules(accounts)
    return replay(accounts, recorded, changed_rules(recorded, Change(**changes)))


def champions(accounts, **changes):
    return named([one.champion for one in replayed(accounts, **changes)])


def unknown(accounts, **changes):
    return [(one.sync, str(gap)) for one in replayed(accounts, **changes) for gap in one.gaps]


def assert_as_recorded(accounts):
    for account, again in zip(accounts, replayed(accounts), strict=True):
        record = account.record
        assert again.judgement.seats == record.seats.after
        assert again.judgement.duels == record.duels
        assert again.judgement.dethroner == record.dethroner
        assert again.judgement.champion == record.champion.before
        assert again.weights == record.weights
        assert again.gaps == ()
    assert compare(accounts, Change()).differing == ()


@pytest.mark.parametrize("validator", ["north", "east", "late"])
def test_the_same_rules_give_the_very_seats_duels_and_weights_of_every_round(three, validator):
    """Also for one that lost its state on the way, and one that came late."""
    assert_as_recorded(read_reports(three / validator))


def test_the_same_holds_for_competitions_that_take_turns(two):
    assert_as_recorded(two)


@pytest.fixture(scope="module")
def crowded(warehouse):
    return read_reports(play_crowded(warehouse, 8))


def test_the_same_holds_where_few_of_the_queue_have_a_place(crowded):
    assert_as_recorded(crowded)


def test_who_is_near_an_earlier_submission_waits_in_the_queue(crowded):
    """Ada was scored first; had she been near, bob would have been."""
    ada, bob = crowded[0].record.queue[:2]
    near = Lineage(nearest="reference", distance=0.0, median=0.0, largest=0.0, identical=1.0)
    first = replace(crowded[0], record=replace(crowded[0].record, lineage={ada: near}))
    assert unknown((first, *crowded[1:]))[0] == (20, f"unknown: entrant {bob} was not scored on any of 60 batches")


@pytest.mark.parametrize(
    ("reason", "bob_had_a_place"), [("degenerate_output", False), ("not_finite", False), ("same_weights", True)]
)
def test_who_is_out_only_when_opened_or_scored_had_the_place_of_the_round(crowded, reason, bob_had_a_place):
    """Ada had the one place there is, and no losses came of it."""
    account = crowded[0]
    ada, bob = account.record.queue[:2]
    out = Rejection(reason=reason, text="out")
    kept = {key: scored for key, scored in account.losses.items() if key != ada}
    first = replace(account, record=replace(account.record, rejections={ada: out}), losses=kept)
    expected = [(20, f"unknown: entrant {bob} was not scored on any of 60 batches")] if bob_had_a_place else []
    assert unknown((first,)) == expected


def test_who_was_out_in_a_round_takes_no_seat_in_it(north):
    """Cleo dethrones bob in round 4, with what she won there; the hub did not answer for her there."""
    cleo = next(iter(north[3].record.seats.after.values())).champion.key
    away = Rejection(reason="hub_unavailable", text="no answer", fault="network", retry=True)
    fourth = replace(north[3], record=replace(north[3].record, rejections={cleo: away}))
    assert champions((*north[:3], fourth, *north[4:]))[3] == "bob"


def test_what_was_played_is_what_the_next_tests_go_by(north):
    assert champions(north) == ["ada", "bob", "bob", "cleo", "cleo", "cleo"]


def test_a_smaller_alpha_seats_the_better_model_later(north):
    assert champions(north, alpha=1e-12) == ["ada", "bob", "bob", "bob", "cleo", "cleo"]


def test_a_larger_alpha_and_no_epsilon_seat_it_sooner(north):
    assert champions(north, alpha=0.5, epsilon_start=0, epsilon_end=0) == ["ada", "bob", "cleo", "cleo", "cleo", "cleo"]


def test_a_wide_epsilon_keeps_the_first_champion(north):
    assert champions(north, epsilon_start=0.5, epsilon_end=0.5) == ["reference"] * 6


def test_an_epsilon_that_decays_sooner_seats_a_small_lead_sooner(north):
    assert champions(north, epsilon_decay_blocks=1) == ["ada", "bob", "cleo", "cleo", "cleo", "cleo"]


def test_a_challenger_that_other_rules_stop_earlier_has_only_the_batches_up_to_there(north):
    duels = replayed(north, epsilon_start=0.5, epsilon_end=0.5)[0].judgement.duels
    assert [(duel.wins, duel.batches) for duel in duels.values()] == [(0, 11)]


def test_losses_that_no_report_holds_are_said_to_be_unknown_and_never_made_up(north):
    """Ada stays champion, whom round 3 stopped after one batch, for she had lost 60 to bob already."""
    wide = {"epsilon_start": 0.22, "epsilon_end": 0.22}
    assert champions(north, **wide)[:3] == ["ada", "ada", "ada"]
    ada = next(iter(north[0].losses.keys() - {"reference"}))
    assert unknown(north, **wide)[0] == (60, f"unknown: champion {ada} was stopped after 1 of 60 batches")
    assert (80, f"unknown: champion {ada} was not scored on any of 60 batches") in unknown(north, **wide)


def test_a_challenger_that_rested_and_would_have_played_is_unknown(north):
    """Cleo takes the seat from bob a round sooner, so that ada would have met a champion new to her in round 4."""
    ada = next(iter(north[0].losses.keys() - {"reference"}))
    told = unknown(north, alpha=0.5, epsilon_start=0, epsilon_end=0)
    assert told == [(80, f"unknown: entrant {ada} was not scored on any of 60 batches")]


def test_under_other_rules_the_chains_word_is_not_followed(north):
    """Every round's consensus names whom the recorded rules had seated; two differing rounds would bring them back."""
    word = [replace(one, record=replace(one.record, consensus=dict.fromkeys(one.record.weights, 1.0))) for one in north]
    assert champions(word, epsilon_start=0.5, epsilon_end=0.5) == ["reference"] * 6


def test_it_begins_with_the_seats_of_the_first_report(north):
    assert champions(north[4:]) == ["cleo", "cleo"]
    assert compare(north[4:], Change()).differing == ()


def test_a_missing_report_on_which_a_seat_rests_is_noticed(north):
    """Cleo needs rounds 3 and 4 to dethrone bob."""
    assert compare(north[:2] + north[3:], Change()).differing == rounds_of(4)


def test_rewards_move_shares_and_no_seat(two):
    seats = champions(two)
    assert champions(two, rewards={1: 0.1, 2: 0.9}) == seats
    shares = compare(two, Change(rewards={1: 0.1, 2: 0.9})).shares
    earned = {named([hotkey])[0]: (share.recorded, share.replayed) for hotkey, share in shares.items()}
    assert earned["fay"] == (pytest.approx(0.4), pytest.approx(0.9))
    assert earned["dora"] == (pytest.approx(0.5), pytest.approx(0.1 * 5 / 6))


def test_rewards_alone_leave_a_validator_what_it_remembered(two):
    """In its second round of competition 1 it tells of duels over no more than that round: it had lost its state."""
    record = two[3].record
    ((erik, duel),) = record.duels.items()
    own = len(two[3].losses[erik].samples) // 2
    assert own < duel.batches
    fourth = replace(two[3], record=replace(record, duels={erik: replace(duel, batches=own)}))
    again = replayed((*two[:3], fourth), rewards={1: 0.1, 2: 0.9})
    assert again[3].judgement.duels[erik].batches == own


def test_another_task_mix_seats_whoever_is_best_at_it(two):
    own = [number for number, one in enumerate(two) if one.record.competition.id == 1]
    mixed = {"competition": 1, "tasks": {"WORDS": 0.25, "BRACKETS": 0.75}}
    assert [champions(two)[number] for number in own] == ["dora"] * 3
    assert [champions(two, **mixed)[number] for number in own] == ["erik"] * 3


def test_another_task_mix_leaves_the_other_competition_alone(two):
    fays = replayed(two)[0::2]
    assert replayed(two, competition=1, tasks={"WORDS": 0, "BRACKETS": 1})[0::2] != fays  # its weights tell both seats
    for one, other in zip(fays, replayed(two, competition=1, tasks={"WORDS": 0, "BRACKETS": 1})[0::2], strict=True):
        assert other.judgement.duels == one.judgement.duels
