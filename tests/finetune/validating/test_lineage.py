"""Lineage in whole rounds: shown, recorded, a lower place in the queue, and never a rejection."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from competitions.lineage import NEAR
from competitions.season import REFERENCE, Entrant
from finetune.errors import HubUnavailable
from finetune.validating.loop import Validator
from tests.finetune.validating.subnet import FaultyHub, Node, Subnet, Uploaded, Warehouse, write_model

WEIGHTS = np.random.default_rng(0).standard_normal((64,)).astype(np.float32)


@pytest.fixture
def node(subnet: Subnet) -> Node:
    return subnet.node()


@pytest.fixture
def upload(warehouse: Warehouse):
    """Uploads a model of a quality whose other weights lie this far from everybody else's."""

    def make(quality: float, noise: float, seed: int = 1) -> Uploaded:
        draws = np.random.default_rng(seed).standard_normal(WEIGHTS.shape).astype(np.float32)
        folder = write_model(warehouse.new_folder(), quality)
        (folder / "model.safetensors").unlink()
        weights = {"quality": np.array([quality], np.float32), "inner": WEIGHTS + np.float32(noise) * draws}
        save_file(weights, folder / "model.safetensors")
        return warehouse.upload(folder)

    return make


def commit(subnet: Subnet, name: str, model: Uploaded) -> Entrant:
    """Commits in a block of its own."""
    subnet.chain.advance()
    return subnet.commit(name, model)


def scored(node: Node, sync: int) -> list[str]:
    """The challengers of a round, first to be scored first."""
    told = [text.split()[-1] for text in node.said if text.startswith(f"round {sync}: score ")]
    return [one for one in told if one != REFERENCE]


def fetched(node: Node, sync: int) -> list[str]:
    return [text.split()[-1] for text in node.said if text.startswith(f"round {sync}: fetch ")]


def test_everybodys_nearest_earlier_submission_is_in_the_record_and_nobody_is_rejected_for_it(subnet, node, upload):
    first = commit(subnet, "ada", upload(1.5, 0.0))
    second = commit(subnet, "bob", upload(1.4, 0.1))
    third = commit(subnet, "cid", upload(1.5001, 0.0001))
    record = node.record(subnet.play(node))
    found = record["lineage"]
    assert record["rejections"] == {}
    assert {key: one["nearest"] for key, one in found.items()} == {second.key: first.key, third.key: first.key}
    assert found[second.key]["distance"] == pytest.approx(0.1, rel=0.2)
    assert found[third.key]["distance"] < NEAR
    assert set(found[third.key]) == {"nearest", "distance", "median", "largest", "identical"}


def test_one_that_turns_out_to_be_near_gives_its_place_in_the_round_to_those_behind_it(subnet, node, upload):
    first = commit(subnet, "ada", upload(1.5, 0.0))
    copies = [
        commit(subnet, name, upload(1.5 + 0.0001 * n, 0.0005, n)) for n, name in enumerate(("bob", "cid", "dan"), 1)
    ]
    own = [commit(subnet, name, upload(1.6, 0.5, n)) for n, name in enumerate(("eve", "fay"), 7)]
    sync = subnet.play(node)
    assert scored(node, sync) == [first.key, own[0].key, own[1].key, copies[0].key]
    assert node.record(sync)["rejections"] == {}


def test_one_known_to_be_near_lets_all_pass_who_came_up_to_a_round_later_and_is_scored_then(subnet, node, upload):
    commit(subnet, "ada", upload(1.5, 0.0))
    near = commit(subnet, "bob", upload(1.5001, 0.0005))
    for n, name in enumerate(("cid", "dan", "eve"), 3):
        commit(subnet, name, upload(1.6, 0.5, n))
    assert near.key not in scored(node, subnet.play(node))
    late = commit(subnet, "fay", upload(1.7, 0.5, 9))
    assert late.block < near.block + subnet.catalog.sync_blocks
    sync = subnet.play(node)
    assert late.key in scored(node, sync)
    assert near.key not in fetched(node, sync)
    assert near.key in scored(node, subnet.play(node))


def test_a_round_fetches_no_more_than_one_near_copy_for_each_place(subnet, node, upload):
    commit(subnet, "ada", upload(1.5, 0.0))
    for n in range(9):
        commit(subnet, f"copier-{n}", upload(1.5 + 0.0001 * n, 0.0005, n))
    sync = subnet.play(node)
    places = subnet.catalog.turn(sync).round.challengers
    assert len(scored(node, sync)) == places
    assert len(set(fetched(node, sync))) <= 2 * places


def test_copies_in_the_cache_make_room_for_those_who_go_before_them(subnet, upload, warehouse):
    """What has lost its place may be evicted: the cache holds no more than a round scores."""
    first = commit(subnet, "ada", upload(1.5, 0.0))
    for n in range(3):
        commit(subnet, f"copier-{n}", upload(1.5 + 0.0001 * (n + 1), 0.0005, n))
    own = commit(subnet, "eve", upload(1.6, 0.5))
    size = sum(path.stat().st_size for path in Path(warehouse.root / f"folder-{warehouse._count}").iterdir())
    node = subnet.node("north", cache_bytes=5 * size)
    sync = subnet.play(node)
    assert scored(node, sync)[:2] == [first.key, own.key]
    assert node.record(sync)["rejections"] == {}


def test_validators_that_fetched_the_same_in_another_order_tell_the_same(subnet, upload, warehouse):
    subnet.join("east", stake=10.0)
    nodes = subnet.node(hub=FaultyHub(warehouse.hub())), subnet.node("east")
    models = [upload(1.5, 0.0), upload(1.4, 0.2), upload(1.5001, 0.0005)]
    first, _, near = (commit(subnet, name, one) for name, one in zip(("ada", "bob", "cid"), models, strict=True))
    nodes[0].ports.hub.faults[models[0].repository] = HubUnavailable("no answer")
    sync = subnet.play(*nodes)
    assert [one.record(sync)["lineage"][near.key]["nearest"] == first.key for one in nodes] == [False, True]
    nodes[0].ports.hub.faults.clear()
    sync = subnet.play(*nodes)
    north, east = (one.record(sync)["lineage"] for one in nodes)
    assert north == east
    assert east[near.key]["nearest"] == first.key


def test_what_stands_no_more_is_nobodys_ancestor_and_forgotten(subnet, node, upload):
    first = commit(subnet, "ada", upload(1.5, 0.0))
    near = commit(subnet, "bob", upload(1.5001, 0.0005))
    subnet.play(node)
    again = commit(subnet, "ada", upload(1.6, 0.4, 3))
    record = node.record(subnet.play(node))
    assert first.key not in record["lineage"]
    assert record["lineage"] == {again.key: record["lineage"][again.key]}
    assert record["lineage"][again.key]["nearest"] == near.key
    assert not node.state.has_sketch(first.key)
    assert node.state.has_sketch(f"{REFERENCE}:1")


def test_the_reference_is_everybodys_ancestor(subnet, node, warehouse):
    one = commit(subnet, "ada", warehouse.model(2.001))
    record = node.record(subnet.play(node))
    assert record["lineage"][one.key]["nearest"] == REFERENCE


def test_forty_registrations_of_one_model_are_out_as_copies_and_cost_nobody_a_place(open_subnet, competition, upload):
    subnet = open_subnet(competition)
    node = subnet.node()
    first, model = commit(subnet, "ada", upload(1.5, 0.0)), upload(1.5, 0.0)
    subnet.chain.advance()
    copies = [subnet.commit(f"copier-{n}", model) for n in range(40)]
    own = commit(subnet, "eve", upload(1.6, 0.5))
    sync = subnet.play(node)
    record = node.record(sync)
    assert scored(node, sync) == [first.key, own.key]
    assert {key: one["reason"] for key, one in record["rejections"].items()} == {
        one.key: "same_weights" for one in copies
    }


def test_killed_between_two_downloads_the_round_has_the_same_challengers(subnet, node, upload):
    first = commit(subnet, "ada", upload(1.5, 0.0))
    near = commit(subnet, "bob", upload(1.5001, 0.0005))
    own = commit(subnet, "cid", upload(1.6, 0.5))
    sync = subnet.next_sync()
    say = node.said.append

    def die(text: str) -> None:
        say(text)
        if text.endswith(own.key):
            raise KeyboardInterrupt

    dying = replace(node.ports, say=die)
    with pytest.raises(KeyboardInterrupt):
        Validator(dying).step()
    node.said.clear()
    assert node.step().outcome == "judged"
    assert scored(node, sync) == [first.key, own.key, near.key]
