"""Publish: weights reach the chain sooner or later, and nobody who takes reports can stop a round."""

from dataclasses import replace

import pytest

from finetune.errors import ChainUnavailable, HubUnavailable, SetupError
from finetune.validating.loop import RESEND_BLOCKS
from tests.finetune.validating.subnet import SYNC_BLOCKS, Faulty, address


class Fails:
    """A publisher that raises."""

    def publish(self, report):
        raise HubUnavailable("the board is down")


class Keeps:
    """A publisher that keeps what it is given."""

    def __init__(self):
        self.reports = []

    def publish(self, report):
        self.reports.append(report)


def updates(subnet) -> int:
    """The block of the validator's last weights."""
    subnet.chain.advance()
    return subnet.chain.metagraph().by_hotkey[address("north")].last_update


def test_a_publisher_that_fails_is_told_of_and_stops_neither_the_round_nor_the_others(subnet):
    keeps = Keeps()
    node = subnet.node(publishers=(Fails(), keeps))
    sync = subnet.play(node)
    assert [report["record"]["sync"] for report in keeps.reports] == [sync]
    assert "the board is down" in node.said
    assert updates(subnet) == sync + 1


@pytest.mark.parametrize("method", ["set_weights", "block"])
@pytest.mark.parametrize("error", [ChainUnavailable("no answer"), SetupError("disk full")])
def test_weights_that_the_chain_did_not_take_are_sent_again_at_the_next_step(subnet, method, error):
    failing = []
    chain = Faulty(subnet.chain, lambda name: error if name in failing else None)
    node = subnet.node(chain=chain, publishers=(FailFrom(failing, method),))
    sync = subnet.play(node)
    assert node.said[-1] == f"the chain has not taken the weights yet: {error}"
    assert node.state.wanted_weights() == ({address("owner"): 1.0}, None)
    failing.clear()
    subnet.chain.advance()
    step = node.step()
    assert (step.outcome, step.why) == ("idle", "")
    assert updates(subnet) == sync + 2
    assert node.state.wanted_weights() == ({address("owner"): 1.0}, sync + 1)


class FailFrom:
    """Makes a method of the chain fail from the report on."""

    def __init__(self, failing, method):
        self.failing, self.method = failing, method

    def publish(self, report):
        self.failing.append(self.method)


def test_rate_limited_weights_are_sent_again_until_the_chain_takes_them(open_subnet, competition):
    subnet = open_subnet(competition, weights_rate_limit=25)
    node = subnet.node()
    first = subnet.play(node)
    subnet.submit("ada", 1.0)
    second = subnet.play(node)  # 20 blocks after the first
    assert "only 25 blocks later" in node.said[-1]
    assert "only 25 blocks later" in node.step().why
    for _ in range(RESEND_BLOCKS):  # it does not ask at every block
        assert updates(subnet) == first + 1  # a block has passed
        assert node.step().why == ""
    assert updates(subnet) == second + RESEND_BLOCKS + 1
    subnet.chain.advance(RESEND_BLOCKS)
    assert node.step().why == ""
    assert updates(subnet) == second + RESEND_BLOCKS + 1


def test_weights_are_sent_again_before_the_chain_takes_the_validator_for_inactive(open_subnet, competition):
    """The competition has ended, so no new round sets any."""
    subnet = open_subnet(replace(competition, last_block=SYNC_BLOCKS), activity_cutoff=240)
    node = subnet.node()
    sync = subnet.play(node)
    seen = set()
    for _ in range(500):
        assert node.step().outcome == "idle"
        seen.add(updates(subnet))
        assert subnet.chain.block() - max(seen) <= 122
    assert sorted(seen) == [sync + 1 + 120 * number for number in range(5)]


def test_without_anything_to_set_nothing_is_sent(subnet):
    node = subnet.node()
    subnet.chain.advance()
    assert node.step().outcome == "judged"  # of block 0
    calls = []
    quiet = Faulty(subnet.chain, calls.append)
    node.kill()
    again = subnet.node(chain=quiet)
    assert again.step().outcome == "idle"
    assert "set_weights" not in calls
