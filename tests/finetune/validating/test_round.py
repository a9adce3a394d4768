"""Whole rounds: who is scored, who takes, keeps and loses the seat, and what becomes of models that fail."""

import math
from dataclasses import replace

import pytest

from competitions.competition import Judge
from competitions.dethroning import dethrones
from competitions.epsilon import Epsilon
from competitions.season import REFERENCE, reference_of
from finetune.errors import HubUnavailable, RepositoryGone, ScoringError
from tests.finetune.validating.subnet import (
    FaultyHub,
    StopShort,
    address,
    make_competition,
    write_model,
)

GONE, DOWN = RepositoryGone("deleted"), HubUnavailable("no answer")


@pytest.fixture
def hub(warehouse):
    return FaultyHub(warehouse.hub())


@pytest.fixture
def node(subnet, hub):
    """A validator whose hub can be made to fail, one block into the chain."""
    subnet.chain.advance()
    return subnet.node(hub=hub)


def last_weights(node):
    return node.state.wanted_weights()[0]


def test_the_best_model_takes_the_seat_from_the_reference_and_earns_all(subnet, node):
    subnet.submit("ada", 1.5)
    best = subnet.submit("bob", 1.0)
    subnet.play(node)
    assert node.champion() == best
    assert last_weights(node) == {address("bob"): 1.0}


def test_while_nobody_beats_the_reference_everything_is_burnt(subnet, node):
    subnet.submit("ada", 1.99)
    subnet.play(node)
    assert node.champion().is_reference
    assert last_weights(node) == {address("owner"): 1.0}


def test_a_lead_smaller_than_epsilon_does_not_take_the_seat(subnet, node):
    champion = subnet.submit("ada", 1.0)
    subnet.play(node)
    subnet.submit("bob", 0.97)
    subnet.play(node)
    assert node.champion() == champion


def test_a_round_without_any_submission_is_judged(subnet, node):
    sync = subnet.play(node)
    assert set(node.record(sync)["losses"]) == {REFERENCE}
    assert last_weights(node) == {address("owner"): 1.0}


def test_every_round_draws_new_samples(subnet, node):
    first, second = subnet.play(node), subnet.play(node)
    assert node.record(first)["samples"]["digest"] != node.record(second)["samples"]["digest"]


def test_two_validators_score_the_same_samples_and_write_the_same_record(subnet, node):
    subnet.join("east", stake=500.0)
    subnet.submit("ada", 1.0)
    other = subnet.node("east")
    sync = subnet.play(node, other)
    assert node.record(sync) == other.record(sync)
    assert node.report(sync)["hotkey"] != other.report(sync)["hotkey"]


@pytest.mark.parametrize("tokenizer", ["any", "reference"])
def test_where_the_tokenizer_is_fixed_everybody_is_scored_through_the_references(open_subnet, competition, tokenizer):
    constraints = replace(competition.constraints, tokenizer=tokenizer)
    subnet = open_subnet(replace(competition, constraints=constraints))
    subnet.chain.advance()
    subnet.submit("ada", 1.0)
    node = subnet.node()
    subnet.play(node)
    own = node.cache.get(competition.reference.digest).folder
    assert node.scorer.scored == [2.0, 2.0, 1.0]
    assert {one.tokenizer for one in node.scorer.folders} == {own if tokenizer == "reference" else None}


# Models that fail


@pytest.mark.parametrize("failure", ["nan", "stops short"])
def test_a_model_without_figures_has_the_worst_loss_and_is_stopped_like_any_bad_one(subnet, node, failure):
    def hook(quality, number, loss):
        if quality != 0.5 or number < 3:
            return loss
        if failure == "nan":
            return math.nan
        raise StopShort

    broken = subnet.submit("ada", 0.5)
    node.scorer.hook = hook
    sync = subnet.play(node)
    record = node.record(sync)
    assert node.champion().is_reference
    assert record["losses"][broken.key]["stopped"] in ("behind", "out_of_reach")
    assert set(record["losses"][broken.key]["samples"][3:]) == {8.0}


def test_a_model_that_cannot_be_scored_is_out_for_good_and_the_others_play_on(subnet, node):
    def hook(quality, number, loss):
        if quality == 0.5:
            raise ScoringError("the architecture has no such weights")
        return loss

    node.scorer.hook = hook
    broken, good = subnet.submit("ada", 0.5), subnet.submit("bob", 1.0)
    sync = subnet.play(node)
    assert node.champion() == good
    rejection = node.record(sync)["rejections"][broken.key]
    assert (rejection["reason"], rejection["fault"]) == ("cannot_be_scored", "miner")
    assert "no such weights" in rejection["text"]
    assert broken.key not in node.record(sync)["losses"]
    node.scorer.scored.clear()
    subnet.play(node)
    assert 0.5 not in node.scorer.scored


def test_a_champion_that_cannot_be_scored_any_more_loses_the_seat_like_one_that_is_gone(subnet, node):
    """It must not void every round from then on, which would keep it in the seat for ever."""
    champion = subnet.submit("ada", 1.0)
    subnet.play(node)
    subnet.submit("bob", 0.5)

    def hook(quality, number, loss):
        if quality == 1.0:
            raise ScoringError("the chat template has expired")
        return loss

    node.scorer.hook = hook
    for _ in range(2):
        sync = subnet.play(node)
        assert node.champion() == champion
        record = node.record(sync)
        assert record["rejections"][champion.key]["reason"] == "cannot_be_scored"
        assert record["reachable"] is False
        assert set(record["losses"]) == {REFERENCE}
    subnet.play(node)
    assert node.champion().is_reference
    assert last_weights(node) == {address("owner"): 1.0}
    subnet.play(node)
    assert node.champion().hotkey == address("bob")


# Early stops


def test_a_challenger_stopped_as_behind_rests_until_its_recount_lets_it_play(subnet, node):
    champion = subnet.submit("ada", 1.0)
    subnet.play(node)
    weak = subnet.submit("bob", 1.5)
    sync = subnet.play(node)
    assert node.record(sync)["losses"][weak.key]["stopped"] == "behind"
    assert len(node.record(sync)["losses"][weak.key]["samples"]) == 22
    end = champion.block + 200  # epsilon is at its end, and lower than when it was stopped
    while True:
        sync = subnet.play(node)
        record = node.record(sync)
        if sync >= end:
            break
        assert record["resting"] == [weak.key]
        assert set(record["losses"]) == {REFERENCE, champion.key}
    assert record["resting"] == []
    assert record["losses"][weak.key]["stopped"] == "behind"
    sync = subnet.play(node)
    assert node.record(sync)["resting"] == [weak.key]


def test_one_out_of_reach_in_one_round_plays_in_the_next(subnet, node):
    node.scorer.hook = lambda quality, number, loss: loss * (0.5 if quality == 1.01 and number // 2 % 2 else 1)
    champion = subnet.submit("ada", 1.0)
    subnet.play(node)
    even = subnet.submit("bob", 1.01)
    for _ in range(2):
        record = node.record(subnet.play(node))
        assert record["losses"][even.key]["stopped"] == "out_of_reach"
        assert record["resting"] == []
    assert node.state.stops(1, champion.key) == {}


def test_evidence_adds_up_over_rounds_for_a_small_lead(open_subnet, warehouse, competition, hub):
    """Seven batches in ten won: no single round of 60 decides that, several do."""
    small = replace(competition, epsilon=Epsilon(start=0.01, end=0.01, decay_blocks=1))
    subnet = open_subnet(small)
    subnet.chain.advance()
    node = subnet.node(hub=hub)
    lead = subnet.submit("ada", 0.9)
    node.scorer.hook = lambda quality, number, loss: (
        loss if quality != 0.9 else loss * (2.3 if number // 2 % 10 in (2, 5, 8) else 1.5)
    )
    rounds = 0
    while node.state.seat(1) is None or node.champion().is_reference:
        subnet.play(node)
        rounds += 1
        assert rounds < 10
    assert node.champion() == lead
    assert rounds > 1


def test_a_challenger_that_is_absent_does_not_take_the_seat_whatever_its_evidence(subnet, node, hub, warehouse):
    """Every second batch is won by a lead that counts only once epsilon has fallen: then the recount is enough."""
    node.scorer.hook = lambda quality, number, loss: (
        loss if quality != 1.0 else loss * (1.94 if number // 2 % 2 else 1.8)
    )
    ada = subnet.submit("ada", 1.0)
    subnet.play(node)
    assert node.champion().is_reference
    subnet.chain.advance(80)
    hub.faults[warehouse.model(1.0).repository] = DOWN
    sync = subnet.play(node)
    competition = subnet.catalog.turn(sync)
    duel = node.state.season(1, 0, 2).duel(reference_of(competition), ada, competition, sync)
    assert dethrones(duel, competition)
    assert node.record(sync)["absent"] == [ada.key]
    assert node.champion().is_reference
    hub.faults.clear()
    subnet.play(node)
    assert node.champion() == ada


def test_a_new_season_puts_nobody_back_to_the_head_of_the_line(open_subnet, competition):
    """One place a round and a season of one round: whoever was scored in the last season waits behind the others."""
    short = replace(
        competition,
        round=replace(competition.round, challengers=1),
        judge=replace(competition.judge, season_blocks=competition.round.sync_blocks),
    )
    subnet = open_subnet(short)
    node = subnet.node()
    subnet.chain.advance()
    waiting = sorted(subnet.submit(name, 2.1, salt=number) for number, name in enumerate(("ada", "bob", "cid")))
    scored = [set(node.record(subnet.play(node))["losses"]) - {REFERENCE} for _ in range(6)]
    assert scored == [{one.key} for one in (*waiting, *waiting)]


# The competition's file changes


def test_who_was_out_by_the_old_file_is_looked_at_again_by_the_new_one(open_subnet, competition, warehouse):
    small = replace(competition.constraints, max_parameters=1)
    subnet = open_subnet(replace(competition, last_block=59, constraints=small), replace(competition, first_block=60))
    node = subnet.node()
    subnet.chain.advance()
    ada = subnet.submit("ada", 1.0)
    eve = subnet.commit("eve", warehouse.model(1.1), hashed_for="ada")
    for reason in ("parameters_out_of_range", "parameters_out_of_range", None):
        record = node.record(subnet.play(node))
        found = {key: one["reason"] for key, one in record["rejections"].items()}
        assert found == {eve.key: "hash_mismatch", **({ada.key: reason} if reason else {})}
    assert node.champion() == ada


def test_a_champion_that_the_new_file_does_not_allow_is_as_good_as_gone(open_subnet, competition):
    small = replace(competition.constraints, max_parameters=1)
    subnet = open_subnet(replace(competition, last_block=39), replace(competition, first_block=40, constraints=small))
    node = subnet.node()
    subnet.chain.advance()
    ada = subnet.submit("ada", 1.0)
    champions = []
    for _ in range(4):
        subnet.play(node)
        champions.append(node.champion())
    assert champions == [ada, ada, ada, reference_of(subnet.catalog.turn(40))]


# The seat falls vacant


def test_a_champion_gone_for_three_rounds_running_gives_way_to_the_champion_before(subnet, node, hub, warehouse):
    first = subnet.submit("ada", 1.5)
    subnet.play(node)
    second = subnet.submit("bob", 1.0)
    subnet.play(node)
    hub.faults[warehouse.model(1.0).repository] = GONE
    champions = []
    for _ in range(3):
        subnet.play(node)
        champions.append(node.champion())
    assert champions == [second, second, first]
    assert last_weights(node) == {address("ada"): 1.0}


def test_a_former_champion_that_is_gone_too_holds_up_nobody(subnet, node, hub, warehouse):
    """Of three former champions two have deleted their models: each would hold the seat for three rounds, unscored."""
    first = subnet.submit("ada", 1.6)
    subnet.play(node)
    for name, quality in (("bob", 1.4), ("cid", 1.2), ("dan", 1.0)):
        subnet.submit(name, quality)
        subnet.play(node)
    for quality in (1.4, 1.2):
        hub.faults[warehouse.model(quality).repository] = GONE
    subnet.submit("dan", 1.7)
    champions = []
    for _ in range(3):
        subnet.play(node)
        champions.append(node.champion())
    assert champions[1:] == [first, first]


def test_without_a_former_champion_that_stands_the_reference_gets_the_seat(subnet, node, hub, warehouse):
    subnet.submit("ada", 1.5)
    subnet.play(node)
    subnet.submit("bob", 1.0)
    subnet.play(node)
    subnet.submit("ada", 1.4)  # her first submission no longer stands
    hub.faults[warehouse.model(1.0).repository] = GONE
    hub.faults[warehouse.model(1.4).repository] = GONE
    for _ in range(3):
        subnet.play(node)
    assert node.champion().is_reference
    assert last_weights(node) == {address("owner"): 1.0}


def test_a_hub_that_answers_in_between_starts_the_count_anew(subnet, node, hub, warehouse):
    champion = subnet.submit("ada", 1.0)
    subnet.play(node)
    repository = warehouse.model(1.0).repository
    for fault in (GONE, GONE, None, GONE, GONE):
        hub.faults = {repository: fault} if fault else {}
        subnet.play(node)
    assert node.champion() == champion


def test_a_hub_that_does_not_answer_never_vacates_a_seat(subnet, node, hub, warehouse):
    champion = subnet.submit("ada", 1.0)
    subnet.play(node)
    hub.faults[warehouse.model(1.0).repository] = DOWN
    for _ in range(5):
        sync = subnet.play(node)
        assert node.record(sync)["reachable"] is None
    assert node.champion() == champion
    assert node.state.seat(1)[0].unreachable == 0


def test_a_champion_made_private_counts_as_gone(subnet, node, warehouse):
    model = warehouse.upload(write_model(warehouse.new_folder(), 1.0, salt=7))
    subnet.commit("ada", model)
    subnet.play(node)
    assert node.champion().hotkey == address("ada")
    warehouse.hub("miner").set_private(model.repository, True)
    for _ in range(3):
        sync = subnet.play(node)
        assert node.record(sync)["reachable"] is False
    assert node.champion().is_reference


def test_a_champion_that_commits_again_loses_the_seat_at_once(subnet, node):
    subnet.submit("ada", 1.5)
    subnet.play(node)
    subnet.submit("bob", 1.0)
    subnet.play(node)
    assert node.champion().hotkey == address("bob")
    subnet.submit("bob", 0.9)
    sync = subnet.play(node)
    assert node.record(sync)["champion"]["before"].startswith(address("ada"))


def test_a_champion_whose_hotkey_was_replaced_loses_the_seat_at_once(open_subnet, competition):
    subnet = open_subnet(competition, first=("ada",), max_uids=3, immunity_period=1)
    subnet.chain.advance()
    node = subnet.node()
    subnet.submit("ada", 1.0)
    subnet.play(node)
    assert node.champion().hotkey == address("ada")
    subnet.join("eve")  # all uids are held, and nobody has earned yet: the oldest goes
    assert address("ada") not in subnet.chain.metagraph(subnet.chain.advance()).by_hotkey
    subnet.play(node)
    assert node.champion().is_reference
    assert last_weights(node) == {address("owner"): 1.0}


# Several competitions


def test_two_competitions_take_turns_and_both_seats_keep_their_share_in_every_round(open_subnet, warehouse, hub):
    first = make_competition(warehouse, reward=0.7)
    second = make_competition(warehouse, id=2, reward=0.3)
    subnet = open_subnet(first, second)
    subnet.chain.advance()
    node = subnet.node(hub=hub)
    shares, played = [], []
    for commits in ([("ada", 1.0, 1), ("bob", 1.2, 2)], [], [], [("cid", 0.5, 2)], [], []):
        for name, quality, number in commits:
            subnet.submit(name, quality, competition=number)
        sync = subnet.play(node)
        played.append(node.record(sync)["competition"]["id"])
        shares.append({name: last_weights(node).get(address(name), 0.0) for name in ("owner", "ada", "bob", "cid")})
    assert played == [2, 1, 2, 1, 2, 1]
    names = ("owner", "ada", "bob", "cid")
    assert shares == [
        dict(zip(names, row, strict=True))
        for row in (
            (0.7, 0.0, 0.3, 0.0),
            (0.0, 0.7, 0.3, 0.0),
            (0.0, 0.7, 0.3, 0.0),
            (0.0, 0.7, 0.3, 0.0),
            (0.0, 0.7, 0.0, 0.3),
            (0.0, 0.7, 0.0, 0.3),
        )
    ]


def test_a_round_counts_as_judged_for_its_own_competition_only(open_subnet, warehouse):
    subnet = open_subnet(make_competition(warehouse, reward=0.7), make_competition(warehouse, id=2, reward=0.3))
    subnet.chain.advance()
    node = subnet.node()
    judged = []
    for _ in range(3):
        subnet.play(node)
        judged.append((node.state.seat(1)[1], node.state.seat(2)[1]))
    assert judged == [(-1, 20), (40, 20), (40, 60)]


def test_a_champion_that_left_loses_its_seat_in_the_other_competitions_round_too(open_subnet, warehouse):
    subnet = open_subnet(make_competition(warehouse, reward=0.7), make_competition(warehouse, id=2, reward=0.3))
    subnet.chain.advance()
    node = subnet.node()
    subnet.submit("bob", 1.0, competition=2)
    subnet.play(node)
    assert last_weights(node)[address("bob")] == pytest.approx(0.3)
    subnet.submit("bob", 1.0, competition=1)
    subnet.play(node)
    assert node.champion(2).is_reference


# Time and the disk


def test_evidence_starts_anew_with_each_season_and_the_losses_of_the_last_are_let_go(open_subnet, competition):
    subnet = open_subnet(replace(competition, judge=Judge(season_blocks=60)))
    subnet.chain.advance()
    node = subnet.node()
    subnet.submit("ada", 1.0)
    kept = []
    for _ in range(4):
        subnet.play(node)
        kept.append(set(node.state.season(1, 0, 2).rounds))
    assert kept == [{20}, {20, 40}, {60}, {60, 80}]
    assert node.champion().hotkey == address("ada")


def test_models_of_former_champions_do_not_fill_a_small_disk_for_ever(subnet, hub, warehouse):
    """There is room for the reference, the champion, the one before and one challenger."""
    size = sum(path.stat().st_size for path in write_model(warehouse.new_folder(), 1.0).iterdir())
    node = subnet.node(hub=hub, cache_bytes=4 * size + size // 2)
    for number, quality in enumerate((1.8, 1.6, 1.4, 1.2, 1.0)):
        subnet.chain.advance()
        subnet.submit(f"miner-{number}", quality)
        if number > 1:
            subnet.commit_raw(f"miner-{number - 2}", b"I have retired")
        subnet.play(node)
        assert node.champion().hotkey == address(f"miner-{number}")
