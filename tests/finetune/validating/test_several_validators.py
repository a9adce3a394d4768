"""Several validators on one chain: late, wiped and unlucky ones come back to what the others hold."""

import shutil
from dataclasses import replace

import pytest

from competitions.epsilon import Epsilon
from finetune.errors import HubUnavailable
from tests.finetune.validating.subnet import SYNC_BLOCKS, FaultyHub, address, make_competition

STAKES = {"north": 1000.0, "east": 600.0, "late": 400.0}


def vtrust(subnet) -> dict[str, float]:
    """The validators' trust once the newest weights count."""
    subnet.chain.advance(3 * SYNC_BLOCKS)
    neurons = subnet.chain.metagraph().by_hotkey
    return {name: neurons[address(name)].validator_trust for name in STAKES}


def wipe(subnet, node):
    """A validator loses all its files and starts again."""
    node.kill()
    shutil.rmtree(node.root)
    return subnet.node(node.name)


@pytest.fixture
def three(subnet):
    """A subnet with three staked validators, of which none runs yet."""
    for name in ("east", "late"):
        subnet.join(name, stake=STAKES[name])
    subnet.chain.advance()
    return subnet


def test_a_late_and_a_wiped_validator_agree_within_two_rounds(three):
    """The champion leads by a hair more than epsilon at its best, which nobody without the old evidence could see."""
    three.submit("ada", 1.5)
    north, east = three.node("north"), three.node("east")
    three.play(north, east)
    three.submit("bob", 1.0)
    for _ in range(3):
        three.play(north, east)
    assert north.champion().hotkey == address("bob")
    late, east = three.node("late"), wipe(three, east)
    for _ in range(2):
        three.play(north, east, late)
    champions = {node.champion() for node in (north, east, late)}
    assert champions == {north.champion()}
    assert min(vtrust(three).values()) >= 0.99
    incentive = {one.hotkey: one.incentive for one in three.chain.metagraph().neurons}
    assert incentive[address("bob")] == pytest.approx(1.0)


def test_a_late_validator_takes_the_chains_word_where_its_own_eyes_would_say_otherwise(open_subnet, competition):
    """Ada holds the seat by epsilon: bob is better, but not by enough. Scored from nothing, bob would get it."""
    wide = replace(competition, epsilon=Epsilon(start=0.05, end=0.05, decay_blocks=1))
    subnet = open_subnet(wide)
    subnet.join("late", stake=STAKES["late"])
    subnet.chain.advance()
    ada = subnet.submit("ada", 1.0)
    north = subnet.node("north")
    subnet.play(north)
    subnet.submit("bob", 0.97)
    for _ in range(3):
        subnet.play(north)
    late = subnet.node("late")
    for _ in range(3):
        subnet.play(north, late)
        assert late.champion() == ada
    assert north.champion() == ada


def test_an_unlucky_validator_comes_back_after_two_differing_rounds(three, warehouse):
    """East could not reach ada when the seat was taken; of the two, whoever holds it keeps it by epsilon."""
    hub = FaultyHub(warehouse.hub())
    north, east = three.node("north"), three.node("east", hub=hub)
    ada = three.submit("ada", 1.0)
    three.chain.advance()
    eve = three.submit("eve", 0.98)
    hub.faults[warehouse.model(1.0).repository] = HubUnavailable("no answer")
    three.play(north, east)
    assert (north.champion(), east.champion()) == (ada, eve)
    hub.faults.clear()
    champions = []
    for _ in range(3):
        three.play(north, east)
        champions.append(east.champion())
    assert champions == [eve, ada, ada]
    assert north.champion() == ada


def test_a_validator_whose_rounds_were_void_adopts_the_word_after_three(three, warehouse, competition):
    hub = FaultyHub(warehouse.hub())
    north, east = three.node("north"), three.node("east", hub=hub)
    three.submit("ada", 1.5)
    three.play(north, east)
    hub.faults[competition.reference.repository] = HubUnavailable("down")
    bob = three.submit("bob", 1.0)
    east.kill()
    shutil.rmtree(east.root / "cache")  # so that it needs the hub
    east = three.node("east", hub=hub)
    for _ in range(3):
        three.play(north)
        assert east.step().outcome in ("waiting", "void")
    hub.faults.clear()
    three.next_sync()
    while east.step().outcome != "judged":
        pass
    three.play(north, east)
    assert east.champion() == north.champion() == bob


def test_three_validators_and_two_competitions_end_with_full_trust(open_subnet, warehouse):
    subnet = open_subnet(make_competition(warehouse, reward=0.7), make_competition(warehouse, id=2, reward=0.3))
    for name in ("east", "late"):
        subnet.join(name, stake=STAKES[name])
    subnet.chain.advance()
    nodes = [subnet.node("north"), subnet.node("east")]
    script = {1: [("ada", 1.5, 1), ("bob", 1.2, 2)], 3: [("cid", 1.0, 1)], 5: [("dan", 0.8, 2), ("eve", 1.0, 2)]}
    for number in range(1, 13):
        for name, quality, competition in script.get(number, []):
            subnet.submit(name, quality, competition=competition)
        if number == 6:
            nodes.append(subnet.node("late"))
        if number == 8:
            nodes[1] = wipe(subnet, nodes[1])
        subnet.play(*nodes)
    held = {(node.champion(1).hotkey, node.champion(2).hotkey) for node in nodes}
    assert held == {(address("cid"), address("dan"))}
    assert min(vtrust(subnet).values()) >= 0.99
    incentive = {one.hotkey: one.incentive for one in subnet.chain.metagraph().neurons}
    assert incentive[address("cid")] == pytest.approx(0.7, abs=1e-4)
    assert incentive[address("dan")] == pytest.approx(0.3, abs=1e-4)
