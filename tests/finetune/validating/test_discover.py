"""Discover: one read of the chain at the sync block, in which only the form of commitments is judged."""

from dataclasses import replace
from types import SimpleNamespace

from competitions.schedule import Catalog
from finetune.chain.local import LocalChain
from finetune.validating.discover import discover
from tests.finetune.validating.subnet import SETTINGS, address


def test_every_commitment_becomes_a_submission_or_a_rejection_that_says_why(subnet):
    good = subnet.submit("ada", 1.0)
    broken = subnet.commit_raw("bob", b"\xff\x00:not:a:commitment")
    stranger = subnet.submit("eve", 1.1, competition=7)
    subnet.chain.advance()

    found = discover(subnet.chain, subnet.catalog, 1)

    assert [one.key for one in found.submissions] == [good.key]
    assert found.submissions[0].coldkey == "cold-ada"
    assert found.standing == {good.key}
    assert found.entrants(1) == (good,)
    assert found.entrants(7) == ()
    assert {key: (one.reason, one.fault, one.retry) for key, one in found.rejections.items()} == {
        broken.key: ("malformed_commitment", "miner", False),
        stranger.key: ("unknown_competition", "miner", True),
    }
    assert "running are 1" in found.rejections[stranger.key].text


def test_it_sees_the_subnet_as_it_stood_at_the_sync_block(subnet):
    first = subnet.submit("ada", 1.0)
    sync = subnet.next_sync()
    late = subnet.submit("bob", 0.9)
    subnet.submit("ada", 0.8)
    subnet.chain.advance(3)

    found = discover(subnet.chain, subnet.catalog, sync)

    assert found.standing == {first.key}
    assert found.seed == subnet.chain.block_hash(sync).hex()
    assert found.tempo == SETTINGS.tempo
    assert set(found.consensus) == {address(name) for name in ("owner", "north", "ada")}
    assert found.uids == {one.hotkey: one.uid for one in subnet.chain.metagraph(sync).neurons}
    assert late.key not in found.rejections


def test_a_hotkey_that_commits_again_is_another_submission_and_the_first_no_longer_stands(subnet):
    first = subnet.submit("ada", 1.0)
    subnet.chain.advance()
    second = subnet.submit("ada", 0.9)
    subnet.chain.advance()
    assert first.key != second.key
    assert discover(subnet.chain, subnet.catalog, 2).standing == {second.key}


def test_a_commitment_of_somebody_without_a_uid_is_nobodys(subnet):
    """A chain may answer the two questions from different nodes."""
    subnet.submit("ada", 1.0)
    bob = subnet.submit("bob", 1.1)
    subnet.chain.advance()
    metagraph = subnet.chain.metagraph(1)
    without = replace(metagraph, neurons=tuple(one for one in metagraph.neurons if one.hotkey != address("ada")))
    chain = SimpleNamespace(
        metagraph=lambda block: without,
        commitments=subnet.chain.commitments,
        block_hash=subnet.chain.block_hash,
        block_time=subnet.chain.block_time,
    )
    found = discover(chain, subnet.catalog, 1)
    assert found.standing == {bob.key}
    assert found.rejections == {}


def test_a_round_draws_from_what_came_after_every_entrants_commitment_and_before_the_sync_block(subnet, competition):
    subnet.chain.advance(19)
    window = discover(subnet.chain, subnet.catalog, subnet.chain.block()).window(competition)
    newest = subnet.chain.block()
    assert window.end == subnet.chain.block_time(newest)
    assert window.start == subnet.chain.block_time(newest - competition.round.eval_delay)


def test_an_owner_without_a_uid_is_no_owner_to_burn_with(tmp_path, competition):
    with LocalChain.create(tmp_path / "chain", seed="s", settings=SETTINGS, owner_hotkey=address("owner")) as chain:
        assert discover(chain, Catalog((competition,)), 0).owner_hotkey is None


def test_a_competition_that_has_ended_is_unknown(subnet, competition):
    subnet.submit("ada", 1.0)
    subnet.chain.advance(20)
    catalog = Catalog((replace(competition, last_block=19), replace(competition, id=2, first_block=20)))
    found = discover(subnet.chain, catalog, 20)
    assert found.submissions == ()
    assert [one.reason for one in found.rejections.values()] == ["unknown_competition"]
