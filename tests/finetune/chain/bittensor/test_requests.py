"""How many requests a validator sends to a node: public endpoints allow about one a second from one address.

What the library's connection is asked is counted at what it sends for that, as read in its code (`_transport` and
`_substrate.py` of 11.3). So these are upper bounds: it keeps hashes of final blocks and versions of the runtime.

docs/validator.md states what a validator makes of that in an hour.
"""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import competitions
from competitions.schedule import load_catalog
from finetune.validating.discover import discover
from finetune.validating.loop import Validator
from finetune.validating.publish import set_weights
from finetune.validating.state import State
from tests.finetune.chain.bittensor.fake_substrate import Key

CATALOG = Path(competitions.__file__).parent / "catalog"
PAGE_FOR_VALIDATORS = Path(competitions.__file__).parents[1] / "docs" / "validator.md"
PAGE = 100  # entries of a map that come in one page, of two requests
COSTS = {
    "connect": 5,  # version of the runtime, genesis hash, two for its metadata, token symbols: kept in the home folder
    "block_number": 1,
    "finalized_block_number": 2,
    "block_hash": 5,  # the hash; whether it is final, in two; for the runtime at the block its header and version
    "get_block": 1,
    "query": 1,
    "query_map": 2 * (120 // PAGE + 1),
    "runtime_call": 1,
    "estimate_fee": 5,  # nonce, age of the signature in three, the fee
    "submit": 11,  # nonce, age of the signature in three, version, sending and its end, and four for what became of it
}


def requests(asked):
    """How many requests become of what the connection was asked; a block's hash is asked for once."""
    once = [what for index, what in enumerate(asked) if not (what.startswith("block_hash") and what in asked[:index])]
    return sum(COSTS.get(what.split()[0], 0) for what in once)


@pytest.fixture
def full(make_world):
    """A subnet of 120 neurons that have all committed something; `key-0` may set weights."""
    world = make_world(tempo=200)
    for index in range(120):
        world.local.register(Key(f"key-{index}"), "cold")
        world.local.commit(Key(f"key-{index}"), b"x")
    world.local.advance(1)
    world.permit(Key("key-0"))
    world.chain.block()
    world.node.asked.clear()
    return world


def test_a_discovery_costs_14_requests_for_120_commitments(full):
    found = discover(full.chain, load_catalog(CATALOG), full.local.block())
    assert len(found.rejections) == 120
    assert full.node.asked.count("query_map CommitmentOf") == 1
    assert requests(full.node.asked) == 14


def test_setting_weights_costs_46_requests_most_of_them_the_library_s(full):
    full.chain.set_weights(Key("key-0"), {"key-1": 1.0})
    assert requests(full.node.asked) == 46


def test_a_look_at_the_newest_block_costs_2_requests(full):
    full.chain.block()
    assert requests(full.node.asked) == 2


def test_a_look_at_the_newest_metagraph_costs_10_requests(full):
    full.local.advance(1)
    full.chain.metagraph()
    assert requests(full.node.asked) == 10


def test_a_commitment_costs_21_requests(full):
    full.chain.commit(Key("key-1"), b"y")
    assert requests(full.node.asked) == 21


def test_an_hour_of_a_validator_costs_what_its_page_says(make_world, tmp_path):
    """An hour of steps every block, with one round's discovery and weights at its beginning."""
    world = make_world(tempo=360, activity_cutoff=5000)
    for index in range(120):
        world.local.register(Key(f"key-{index}"), "cold")
        world.local.commit(Key(f"key-{index}"), b"x")
    world.local.advance(1)
    world.permit(Key("key-0"))
    catalog, state = load_catalog(CATALOG), State(tmp_path / "state.sqlite")
    state.begin_round(0, catalog.turn(0).id)
    world.chain.block()
    world.node.asked.clear()

    discover(world.chain, catalog, world.local.block())
    assert set_weights(world.chain, Key("key-0"), {"key-1": 1.0}, state) == ""
    state.end_round(0)
    counted = requests(world.node.asked)
    ports: Any = SimpleNamespace(chain=world.chain, catalog=catalog, hotkey=Key("key-0"), state=state)
    validator = Validator(ports)
    for _ in range(300):
        world.local.advance(1)
        world.node.asked.clear()
        assert validator.step().outcome == "idle"
        counted += requests(world.node.asked)
    state.close()
    told = re.search(r"\*\*([0-9,]+) requests an hour\*\*", PAGE_FOR_VALIDATORS.read_text("utf-8"))
    assert told is not None
    stated = int(told[1].replace(",", ""))
    assert 0.9 * stated <= counted <= stated, f"{counted} were counted"
