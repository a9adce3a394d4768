"""The chain fails under a running validator: it goes on, blames no miner, and its last good weights stand."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bittensor
import pytest

from finetune.errors import StreamError
from finetune.validating.loop import RESEND_BLOCKS
from tests.finetune.validating.outage import Outages
from tests.finetune.validating.subnet import SYNC_BLOCKS, address

LOST = bittensor.RpcConnectionError("connection lost")
BUSY = bittensor.RpcPolicyError("HTTP 429", status_code=429)


@pytest.fixture
def world(subnet, flaky, monkeypatch, tmp_path):
    """Ada holds the seat, and her weights are on chain."""
    monkeypatch.setenv("BTCLI_TOKEN_SYMBOLS_CACHE", str(tmp_path / "symbols.json"))
    subnet.chain.advance()
    world = Outages(subnet, flaky)
    subnet.submit("ada", 1.0)
    subnet.play(world.node)
    yield world
    world.close()


@contextmanager
def without_data(world: Outages) -> Iterator[None]:
    """The source of samples is down: no round can be played."""

    def fails(name: str, options: object, window: object) -> Any:
        raise StreamError("the source is down")

    world.node.kill()
    world.node = world.start(open_stream=fails)
    yield
    world.node.kill()
    world.node = world.start()
    while world.node.step().outcome != "judged":
        pass


def plays_on(world: Outages, *, quality: float = 0.5) -> None:
    """The next round is a proper one: who is better takes the seat, nobody is out, and the weights reach the chain."""
    best = world.subnet.submit("better", quality)
    sync = world.subnet.play(world.node)
    assert world.node.champion() == best
    assert world.rejections(sync) == {}
    world.wait(SYNC_BLOCKS // 2)  # for weights that the chain's rate limit held back
    assert world.weights() == {address("better"): 1.0}


@pytest.mark.parametrize("error", [LOST, BUSY], ids=["no connection", "429"])
def test_a_chain_that_is_down_for_a_thousand_blocks_costs_those_rounds_and_nothing_else(world, error):
    before, set_at = world.memory(), world.last_update()
    world.chain_fails(lambda what: error)
    bob = world.subnet.submit("bob", 0.8)
    steps = world.wait(1000)
    assert {step.outcome for step in steps} == {"waiting"}
    assert all("the chain does not answer" in step.why for step in steps)
    assert (world.memory(), world.last_update()) == (before, set_at)
    world.chain_is_well()
    sync = world.subnet.play(world.node)
    assert (world.node.champion(), world.rejections(sync)) == (bob, {})
    assert world.last_update() == sync + 1
    plays_on(world)


def test_a_round_that_the_chain_has_forgotten_is_void_and_the_newest_is_played(world):
    """Most nodes keep the state of 256 blocks only."""
    world.chain_fails(lambda what: LOST if what == "query_map CommitmentOf" else None)
    begun = world.subnet.next_sync()
    assert world.node.step().outcome == "waiting"
    before = world.memory()
    world.chain_fails(lambda what: LOST)
    world.wait(1000)
    world.chain_fails(
        lambda what: (
            bittensor.ChainError(f"state already discarded for {begun}") if what == f"block_hash {begun}" else None
        )
    )
    step = world.node.step()
    assert (step.outcome, step.sync) == ("void", begun)
    assert "already discarded" in step.why
    assert world.memory() == before
    world.chain_is_well()
    plays_on(world)


def test_a_thousand_blocks_without_data_do_not_make_the_validator_inactive(world):
    """The chain is there: the last good weights are sent again, though no round can be played."""
    cutoff, sent = world.subnet.chain.settings.activity_cutoff, len(world.chain_node.sent)
    world.subnet.chain.advance(SYNC_BLOCKS - 6)
    with without_data(world):
        assert {step.outcome for step in world.wait(1000)} == {"waiting", "void"}
        assert len(world.chain_node.sent) - sent == 1000 // (cutoff // 2)
        assert world.subnet.chain.block() - world.last_update() < cutoff // 2 + SYNC_BLOCKS
        assert world.weights() == {address("ada"): 1.0}
    plays_on(world)


@pytest.mark.parametrize("moment", ["submit", "submitted"], ids=["before it landed", "after it landed"])
def test_a_connection_lost_in_the_middle_of_a_submission_neither_loses_nor_doubles_weights(world, moment):
    best = world.subnet.submit("bob", 0.8)
    left = [LOST]
    world.chain_fails(lambda what: left.pop() if what == moment and left else None)
    sent = len(world.chain_node.sent)
    world.subnet.play(world.node)
    assert world.node.champion() == best
    landed = moment == "submitted"
    assert len(world.chain_node.sent) - sent == int(landed)
    assert any("has not landed in a block and no longer can" in line for line in world.node.said) != landed
    world.node.step()
    assert len(world.chain_node.sent) - sent == 1
    assert world.weights() == {address("bob"): 1.0}
    plays_on(world)


def test_a_submission_that_hangs_ends_and_is_sent_again(world):
    chain = world.chain
    chain._line._seconds = 0.3
    hanging = [True]

    async def fault(what):
        if what == "submit" and hanging:
            hanging.pop()
            await asyncio.Event().wait()

    world.chain_node.fault = fault
    world.subnet.submit("bob", 0.8)
    world.subnet.play(world.node)
    assert "not answered within 0.3 seconds" in world.node.said[-1]
    assert world.node.step().why == ""
    assert world.weights() == {address("bob"): 1.0}
    plays_on(world)


def test_an_endpoint_that_allows_few_requests_delays_a_round_and_changes_none_of_it(world):
    best = world.subnet.submit("bob", 0.8)
    count = [0]

    def now_and_then(what: str) -> BaseException | None:
        count[0] += 1
        return BUSY if count[0] % 9 == 0 else None

    sync = world.subnet.next_sync()
    world.chain_fails(now_and_then)
    steps = [world.node.step()]
    while steps[-1].outcome != "judged":
        steps.append(world.node.step())
        assert len(steps) < 20
    assert {step.outcome for step in steps[:-1]} == {"waiting"}
    assert steps[-1].sync == sync
    assert (world.node.champion(), world.rejections(sync)) == (best, {})
    world.chain_is_well()
    while world.node.state.wanted_weights()[1] is None:
        world.subnet.chain.advance()
        world.node.step()
    assert world.weights() == {address("bob"): 1.0}


def test_weights_that_come_too_soon_are_refused_and_sent_when_their_time_has_come(open_subnet, competition, flaky):
    world = Outages(open_subnet(competition, weights_rate_limit=25), flaky)
    world.subnet.chain.advance(30)
    world.subnet.play(world.node)
    world.subnet.submit("ada", 1.0)
    sync = world.subnet.play(world.node)
    assert "may again 25 blocks later" in world.node.said[-1]
    for _ in range(10 + RESEND_BLOCKS):
        world.subnet.chain.advance()
        world.node.step()
    assert sync < world.last_update() <= sync + 10 + RESEND_BLOCKS
    assert world.weights() == {address("ada"): 1.0}
    world.close()


# Registrations lost


def take_uid_of(world: Outages, name: str, *, heir: str) -> None:
    """Somebody else is registered under the uid of a hotkey."""
    chain = world.subnet.chain
    uid = chain.metagraph().by_hotkey[address(name)].uid
    with chain._file.write() as database:
        row = (chain.block() + 1, uid, address(heir), f"cold-{heir}")
        database.execute("INSERT INTO registrations (block, uid, hotkey, coldkey) VALUES (?, ?, ?, ?)", row)
    chain.advance()
    neurons = chain.metagraph().by_hotkey
    assert (neurons[address(heir)].uid, address(name) in neurons) == (uid, False)


def test_the_heir_of_a_champions_uid_earns_nothing_although_no_round_can_be_played(world):
    with without_data(world):
        take_uid_of(world, "ada", heir="eve")
        world.wait(400)
        assert world.weights() == {address("owner"): 1.0}
    assert world.node.champion().is_reference
    plays_on(world)


def test_a_champion_that_leaves_while_its_round_is_played_does_not_keep_the_weights_from_the_chain(world):
    sync = world.subnet.next_sync()
    take_uid_of(world, "ada", heir="eve")
    assert world.node.step().outcome == "judged"
    assert world.node.said[-1] == f"the chain has not taken the weights yet: {address('ada')} has no uid on this subnet"
    assert (world.node.step().why, world.last_update() > sync) == ("", True)
    assert world.weights() == {address("owner"): 1.0}
    plays_on(world)


def test_a_former_champion_that_registers_again_has_to_commit_again(world):
    take_uid_of(world, "ada", heir="eve")
    world.subnet.join("ada")
    sync = world.subnet.play(world.node)
    assert world.node.champion().is_reference
    assert world.node.record(sync)["submissions"] == []
    again = world.subnet.submit("ada", 1.0)
    world.subnet.play(world.node)
    assert world.node.champion() == again


def test_a_validator_that_lost_its_uid_plays_on_and_sets_weights_once_it_has_one_again(world):
    take_uid_of(world, "north", heir="eve")
    best = world.subnet.submit("bob", 0.8)
    sync = world.subnet.play(world.node)
    assert (world.node.champion(), world.rejections(sync)) == (best, {})
    assert f"{address('north')} has no uid on this subnet" in world.node.said[-1]
    assert "has no uid" in world.node.step().why
    world.subnet.join("north")
    sync = world.subnet.play(world.node)
    assert (world.node.champion(), world.rejections(sync)) == (best, {})
    world.wait(SYNC_BLOCKS)
    assert world.last_update() > sync
    assert world.weights() == {address("bob"): 1.0}
    plays_on(world)


def test_weights_that_the_chain_forgot_with_the_validators_registration_are_sent_again(world):
    """It has been out and in between two rounds, so nobody has refused it anything."""
    take_uid_of(world, "north", heir="eve")
    world.subnet.join("north")
    with without_data(world):
        world.wait(150)
        assert world.last_update() > 0
        assert world.weights() == {address("ada"): 1.0}
    plays_on(world)
