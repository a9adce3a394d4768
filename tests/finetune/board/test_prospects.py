"""When a submission plays again: the line for the next round, who rests until when, and who is not yet due."""

from dataclasses import replace

import pytest

from competitions.rejection import Rejection
from competitions.schedule import Catalog
from competitions.season import Entrant
from competitions.stopping import may_play
from finetune.board.prospects import stops_told
from finetune.board.record import read_report
from finetune.board.rounds import collate, season_of
from tests.finetune.board.made_reports import SYNC_BLOCKS, Miner, Play, competition, view_of

ROUNDS = 4
END = ROUNDS * SYNC_BLOCKS


@pytest.fixture(scope="module")
def play():
    """A champion, one far behind that rests, six for two places a round, one too late, one out, one out for now."""
    gone = Rejection(reason="repository_gone", text="the repository is gone", retry=True)
    copied = Rejection(reason="same_weights", text="the same weights as another")
    miners = [
        Miner(name="ada", loss=1.5),
        Miner(name="far", loss=2.5),
        *(Miner(name=f"close {number}", loss=1.46, block=45 + number) for number in range(6)),
        Miner(name="late", loss=1.4, block=END - 3),
        Miner(name="twin", loss=1.5, block=50, rejection=copied),
        Miner(name="hidden", loss=1.5, block=51, rejection=gone),
    ]
    return Play(Catalog((competition(challengers=2),)), miners, validators={"north": 1.0})


@pytest.fixture(scope="module")
def reports(play):
    return play.reports(ROUNDS)


@pytest.fixture(scope="module")
def found(play, reports):
    """Every entrant's view by name, after four rounds."""
    view = view_of(play, reports, block=END + 1)
    return {one.standing.name: one for one in view.competitions[0].entrants}


def said(entrant) -> str:
    return " ".join(entrant.sentences)


def test_the_line_is_the_one_that_the_next_round_scores(play, reports, found):
    told = {one.outlook.place: one.standing.key for one in found.values() if one.outlook and one.outlook.place}
    assert sorted(told) == list(range(1, len(told) + 1))
    following = Play(play.catalog, play.miners, validators={"north": 1.0}).reports(ROUNDS + 1)[-1]["record"]
    assert [told[place] for place in (1, 2)] == following["queue"][:2]
    assert [key for key in following["losses"] if key in following["queue"]] == [told[1], told[2]]


def test_a_place_tells_the_round_that_comes_to_it_at_the_latest(found):
    for one in found.values():
        if one.outlook and one.outlook.place:
            turn = (one.outlook.place + 1) // 2
            assert one.outlook.next_round == END + turn * SYNC_BLOCKS
            assert f"at block {one.outlook.next_round}." in said(one)


def test_who_rests_is_told_the_block_from_which_the_rule_lets_it_play(reports, found):
    far = found["far"]
    assert far.standing.status == "resting"
    last = collate([read_report(one) for one in reports], {})
    holder = found["ada"].standing
    champion = entrant_of(holder)
    season, rules = season_of(last), last[-1].competition
    stopped_at = stops_told(champion, last[-1])[far.standing.key]
    for block, plays in ((far.outlook.rests_until, True), (far.outlook.rests_until - 1, False)):
        epsilon = rules.epsilon.at(block - champion.block)
        duel = season.duel(champion, entrant_of(far.standing), rules, block)
        assert may_play(duel, stopped_at, epsilon, rules) is plays
    assert far.outlook.next_round >= far.outlook.rests_until > far.outlook.next_round - SYNC_BLOCKS
    assert f"It rests until block {far.outlook.rests_until}" in said(far)


def entrant_of(standing):
    return Entrant(block=standing.block, key=standing.key)


def test_who_committed_too_late_is_told_the_first_round_after_the_delay(found):
    assert found["late"].standing.status == "waiting"
    assert found["late"].outlook.place is not None  # old enough for the next round, so it stands in its line already
    rules = competition()
    slow = Catalog((replace(rules, round=replace(rules.round, eval_delay=3 * SYNC_BLOCKS - 5)),))
    play = Play(slow, [Miner(name="late", loss=1.4, block=END - 3)], validators={"north": 1.0})
    view = view_of(play, play.reports(ROUNDS), block=END + 1)
    late = next(one for one in view.competitions[0].entrants if one.standing.name == "late")
    assert (late.outlook.place, late.outlook.next_round) == (None, END + 3 * SYNC_BLOCKS)
    assert "The first round that may score it is at block 140." in late.sentences


def test_who_is_out_for_good_has_no_next_round_and_is_told_what_would_help(found):
    assert found["twin"].outlook is None
    assert "No round scores this commitment any more" in said(found["twin"])
    assert "failed at weights of its own (same_weights, the miner's fault)" in said(found["twin"])


def test_the_champion_is_told_its_next_round_and_lacks_nothing(found):
    assert "The next round that scores it is at block 100." in said(found["ada"])
    assert "To take the seat" not in said(found["ada"])


def test_the_margin_and_the_epsilon_block_are_told_of_who_has_met_the_champion(found):
    told = [one for one in found.values() if one.standing.name.startswith("close") and one.standing.tally]
    assert told
    for one in told:
        assert one.outlook.batches == one.standing.tally.batches
        assert f"{100 * one.outlook.margin:.1f}% lower" in said(one)
        assert "Epsilon alone" in said(one)


def test_where_reports_are_missing_what_a_duel_lacks_is_not_made_up(play, reports):
    view = view_of(play, reports[-1:], block=END + 1)
    far = next(one for one in view.competitions[0].entrants if one.standing.name == "far")
    assert far.outlook.batches < far.standing.tally.batches
    assert "too few to tell what it lacks" in said(far)


def test_a_catalog_that_breaks_a_rule_costs_the_next_round_and_no_more(play, reports):
    account = read_report(reports[-1])
    broken = tuple(replace(one, reward=0.5) for one in account.record.competitions)
    for competitions in (broken, ()):
        record = replace(account.record, competitions=competitions)
        view = view_of(play, [], block=END + 1, readings=[replace(account, record=record)])
        assert {one.outlook.next_round for one in view.competitions[0].entrants if one.outlook} == {None}
