"""The chain's adapter on a real node: a subnet from its registration to a miner's incentive.

It runs where `E2E_ENDPOINT` names a development node at whose chain `//Alice` has sudo, such as
`ghcr.io/opentensor/subtensor-localnet:devnet` at ws://127.0.0.1:9944. `E2E_SUBTENSOR` is `module:callable` that makes a
client for the endpoint, `bittensor:Subtensor` by default; `E2E_ADVANCE` is `module:callable` that makes so many blocks,
where they do not come by themselves.
"""

import importlib
import os
import time
from types import SimpleNamespace

import pytest
from bittensor import calls, storage
from bittensor.sp_core import Keypair

from finetune.chain.bittensor import BittensorChain
from finetune.chain.bittensor.line import Line

ENDPOINT = os.environ.get("E2E_ENDPOINT")
TEMPO = 10  # blocks
STAKE = 100 * 10**9  # rao
PATIENCE = 600.0  # seconds without a new block, after which the node counts as dead

pytestmark = [
    pytest.mark.skipif(not ENDPOINT, reason="E2E_ENDPOINT names no development node"),
    pytest.mark.timeout(3600),
]


def named(variable, default):
    module, _, name = os.environ.get(variable, default).partition(":")
    return getattr(importlib.import_module(module), name)


def advance(line, blocks):
    """Make blocks, or wait for them."""
    if "E2E_ADVANCE" in os.environ:
        named("E2E_ADVANCE", "")(blocks)
        return
    goal = newest(line) + blocks
    patience = time.monotonic() + PATIENCE * blocks
    while newest(line) < goal:
        assert time.monotonic() < patience, "the node makes no blocks"
        time.sleep(0.5)


def newest(line):
    return line.ask(lambda client: client.finalized_block())


def until(line, holds, *, blocks):
    """Advance until something holds, at most so many blocks."""
    for _ in range(blocks):
        if holds():
            return
        advance(line, 1)
    raise AssertionError(f"it does not hold after {blocks} blocks")


def netuids(line):
    rows = line.ask(lambda client: client.query_map(storage.SubtensorModule.NetworksAdded))
    return {int(netuid) for netuid, there in rows if there}


def sudo_calls(netuid):
    """What makes a new subnet fit for a test: short epochs, weights in the open and as often as one likes."""
    admin = calls.AdminUtils
    return (
        admin.sudo_set_admin_freeze_window(window=0),
        admin.sudo_set_tempo(netuid=netuid, tempo=TEMPO),
        admin.sudo_set_stake_threshold(min_stake=0),
        admin.sudo_set_weights_set_rate_limit(netuid=netuid, weights_set_rate_limit=0),
        admin.sudo_set_commit_reveal_weights_enabled(netuid=netuid, enabled=False),
        admin.sudo_set_network_registration_allowed(netuid=netuid, registration_allowed=True),
        admin.sudo_set_max_registrations_per_block(netuid=netuid, max_registrations_per_block=8),
        admin.sudo_set_target_registrations_per_interval(netuid=netuid, target_registrations_per_interval=8),
    )


@pytest.fixture(scope="module")
def subnet():
    """A new subnet of Alice's, and the adapter to it."""
    make_client = named("E2E_SUBTENSOR", "bittensor:Subtensor")
    alice = Keypair.create_from_uri("//Alice")
    line = Line(lambda: make_client(ENDPOINT), seconds=300.0)

    def submit(call):
        return line.ask(lambda client: client.submit_call(call, alice))

    async def as_sudo(client, call):
        return await client.submit_call(calls.Sudo.sudo(call=await client.compose(call)), alice)

    before = netuids(line)
    submit(calls.SubtensorModule.register_network(hotkey=alice.ss58_address)).raise_for_failure()
    (netuid,) = netuids(line) - before
    for call in sudo_calls(netuid):
        line.ask(lambda client, call=call: as_sudo(client, call)).raise_for_failure()
    start = calls.SubtensorModule.start_call(netuid=netuid)  # allowed only some time after the registration
    until(line, lambda: submit(start).success, blocks=300)
    chain = BittensorChain(
        netuid, dial=lambda: make_client(ENDPOINT), coldkeys={alice.ss58_address: alice}, timeout=300.0
    )

    def stake(hotkey):
        call = calls.SubtensorModule.add_stake(hotkey=hotkey.ss58_address, netuid=netuid, amount_staked=STAKE)
        submit(call).raise_for_failure()

    yield SimpleNamespace(
        chain=chain,
        alice=alice.ss58_address,
        stake=stake,
        advance=lambda blocks: advance(line, blocks),
        until=lambda holds: until(line, holds, blocks=10 * TEMPO),
        key=lambda name: Keypair.create_from_uri(f"//finetune/{netuid}/{name}"),
    )
    chain.close()
    line.close()


def test_final_blocks_have_hashes_and_times(subnet):
    first = subnet.chain.block()
    subnet.advance(2)
    last = subnet.chain.block()
    assert last >= first + 2
    assert len(subnet.chain.block_hash(first)) == len(subnet.chain.block_hash(last)) == 32
    assert subnet.chain.block_time(first) < subnet.chain.block_time(last)


def test_a_commitment_stands_in_the_block_that_is_named(subnet):
    miner = subnet.key("miner")
    uid = subnet.chain.register(miner, subnet.alice)
    assert subnet.chain.register(miner, subnet.alice) == uid
    for data in (b"0x61 and \x00\xff", bytes(range(128)), b""):
        block = subnet.chain.commit(miner, data)
        found = {one.hotkey: one for one in subnet.chain.commitments(subnet.chain.block())}
        assert (found[miner.ss58_address].block, found[miner.ss58_address].data) == (block, data)


def test_weights_become_incentive(subnet):
    chain, miner, validator = subnet.chain, subnet.key("miner"), subnet.key("validator")
    for hotkey in (miner, validator):
        chain.register(hotkey, subnet.alice)
    subnet.stake(validator)
    subnet.until(lambda: chain.metagraph().by_hotkey[validator.ss58_address].validator_permit)
    assert chain.check_weights_shape([1.0]) == ""
    chain.set_weights(validator, {miner.ss58_address: 1.0})
    assert chain.metagraph().by_hotkey[validator.ss58_address].last_update > 0
    subnet.until(lambda: chain.metagraph().by_hotkey[miner.ss58_address].incentive > 0)
    neurons = chain.metagraph().by_hotkey
    assert neurons[miner.ss58_address].consensus > 0
    assert neurons[validator.ss58_address].validator_trust > 0
    assert neurons[validator.ss58_address].stake > 0
