"""What every `Chain` must do, whatever it runs on. An adapter joins with a subclass that gives its `subnet`."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from finetune.chain.port import Chain, Signer
from finetune.errors import BlockNotFinal, CommitmentTooLarge, NotRegistered, RateLimited


@dataclass(frozen=True)
class Key:
    """A signer that is only its address."""

    ss58_address: str

    def sign(self, data: bytes) -> bytes:
        return b"\0" * 64


@dataclass(frozen=True, kw_only=True)
class Subnet:
    """A fresh subnet with nobody registered but perhaps its owner, and what its maker can do besides the port.

    `advance(n)` makes n blocks or waits for them; `key(name)` gives the same signer for the same name; `permit(key)`
    does what it takes for a registered hotkey to be allowed to set weights; `coldkey(name)` is the address that pays
    for the hotkey of that name. `drift` bounds the blocks that come by themselves during a call, 0 where none do.
    """

    chain: Chain
    advance: Callable[[int], object]
    key: Callable[[str], Signer]
    permit: Callable[[Signer], object]
    coldkey: Callable[[str], str] = "cold-{}".format
    drift: int = 0

    def miner(self, name: str) -> Signer:
        key = self.key(name)
        self.chain.register(key, self.coldkey(name))
        self.advance(1)
        return key

    def validator(self, name: str) -> Signer:
        key = self.miner(name)
        self.permit(key)
        return key


def some_blocks(subnet: Subnet) -> range:
    """The newest block and all that have come a moment before it."""
    first = subnet.chain.block()
    subnet.advance(3)
    return range(first, subnet.chain.block() + 1)


class ChainContract:
    @pytest.fixture
    def subnet(self) -> Subnet:
        raise NotImplementedError("a subclass gives the subnet")

    def test_the_newest_block_grows_with_the_blocks_made(self, subnet):
        start = subnet.chain.block()
        subnet.advance(7)
        assert start + 7 <= subnet.chain.block() <= start + 7 + subnet.drift

    def test_a_block_hash_has_32_bytes_is_its_block_s_own_and_stays(self, subnet):
        blocks = some_blocks(subnet)
        hashes = [subnet.chain.block_hash(block) for block in blocks]
        assert {len(value) for value in hashes} == {32}
        assert len(set(hashes)) == len(hashes)
        subnet.advance(5)
        assert [subnet.chain.block_hash(block) for block in blocks] == hashes

    def test_the_time_of_a_block_stays_and_later_blocks_are_later(self, subnet):
        blocks = some_blocks(subnet)
        times = [subnet.chain.block_time(block) for block in blocks]
        assert times == sorted(set(times))
        subnet.advance(2)
        assert [subnet.chain.block_time(block) for block in blocks] == times

    def test_what_is_not_final_cannot_be_read(self, subnet):
        chain = subnet.chain
        beyond = chain.block() + subnet.drift + 1
        for read in (chain.block_hash, chain.block_time, chain.metagraph, chain.commitments):
            for block in (beyond, -1):
                with pytest.raises(BlockNotFinal, match=str(block)):
                    read(block)

    def test_registering_gives_a_uid_that_the_metagraph_shows_from_the_next_block(self, subnet):
        chain, key = subnet.chain, subnet.key("ada")
        before = chain.block()
        uid = chain.register(key, subnet.coldkey("ada"))
        subnet.advance(1)
        neuron = chain.metagraph().by_hotkey[key.ss58_address]
        assert (neuron.uid, neuron.coldkey) == (uid, subnet.coldkey("ada"))
        assert before + 1 <= neuron.block_at_registration <= before + 1 + subnet.drift
        assert (neuron.incentive, neuron.dividends, neuron.last_update) == (0.0, 0.0, -1)
        for block in (before, neuron.block_at_registration - 1):
            assert key.ss58_address not in chain.metagraph(block).by_hotkey

    def test_a_registered_hotkey_keeps_its_uid_and_its_block(self, subnet):
        key = subnet.miner("ada")
        neurons = subnet.chain.metagraph().neurons
        assert subnet.chain.register(key, subnet.coldkey("ada")) == neurons[-1].uid
        subnet.advance(1)
        assert neurons[-1].hotkey == key.ss58_address
        assert subnet.chain.metagraph().neurons == neurons

    def test_every_hotkey_gets_its_own_uid_also_under_one_coldkey(self, subnet):
        keys = [subnet.key(f"key-{i}") for i in range(5)]
        uids = [subnet.chain.register(key, subnet.coldkey("one")) for key in keys]
        subnet.advance(1)
        neurons = subnet.chain.metagraph().by_hotkey
        assert len(set(uids)) == 5
        assert [neurons[key.ss58_address].uid for key in keys] == uids

    def test_a_commitment_lands_in_the_block_that_commit_names(self, subnet):
        key = subnet.miner("ada")
        newest = subnet.chain.block()
        landed = subnet.chain.commit(key, b"first")
        assert landed > newest
        assert subnet.chain.commitments(newest) == ()
        subnet.advance(landed - newest)
        (found,) = subnet.chain.commitments(landed)
        assert (found.hotkey, found.block, found.data) == (key.ss58_address, landed, b"first")

    def test_a_later_commitment_replaces_the_standing_one_and_leaves_the_past_alone(self, subnet):
        key = subnet.miner("ada")
        first = subnet.chain.commit(key, b"first")
        subnet.advance(3)
        second = subnet.chain.commit(key, b"second")
        subnet.advance(3)
        assert [(found.block, found.data) for found in subnet.chain.commitments(second - 1)] == [(first, b"first")]
        assert [(found.block, found.data) for found in subnet.chain.commitments(second)] == [(second, b"second")]

    def test_all_commitments_of_a_block_come_in_one_read(self, subnet):
        keys = [subnet.miner(f"key-{i}") for i in range(4)]
        for key in keys:
            subnet.chain.commit(key, key.ss58_address.encode())
        subnet.advance(1)
        found = {entry.hotkey: entry.data for entry in subnet.chain.commitments(subnet.chain.block())}
        assert found == {key.ss58_address: key.ss58_address.encode() for key in keys}

    @pytest.mark.parametrize("data", [b"", b"\0\xff:\n", b"0x1234", bytes(range(128))], ids=repr)
    def test_up_to_128_bytes_come_back_as_they_were(self, subnet, data):
        key = subnet.miner("ada")
        landed = subnet.chain.commit(key, data)
        subnet.advance(1)
        assert subnet.chain.commitments(landed)[0].data == data

    def test_129_bytes_are_refused_and_nothing_changes(self, subnet):
        key = subnet.miner("ada")
        with pytest.raises(CommitmentTooLarge, match="129"):
            subnet.chain.commit(key, b"x" * 129)
        subnet.advance(1)
        assert subnet.chain.commitments(subnet.chain.block()) == ()

    def test_only_a_registered_hotkey_may_commit(self, subnet):
        stranger = subnet.key("stranger")
        with pytest.raises(NotRegistered, match=stranger.ss58_address):
            subnet.chain.commit(stranger, b"x")

    def test_only_a_registered_hotkey_may_set_weights(self, subnet):
        miner, stranger = subnet.miner("ada"), subnet.key("stranger")
        with pytest.raises(NotRegistered, match=stranger.ss58_address):
            subnet.chain.set_weights(stranger, {miner.ss58_address: 1.0})

    def test_a_target_without_a_uid_is_named(self, subnet):
        validator, miner, nobody = subnet.validator("val"), subnet.miner("ada"), subnet.key("nobody").ss58_address
        with pytest.raises(NotRegistered, match=nobody):
            subnet.chain.set_weights(validator, {miner.ss58_address: 1.0, nobody: 1.0})

    @pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf, 0.0])
    def test_weights_must_be_finite_not_negative_and_not_all_zero(self, subnet, bad):
        validator, miner = subnet.validator("val"), subnet.miner("ada")
        with pytest.raises(ValueError, match="weight"):
            subnet.chain.set_weights(validator, {miner.ss58_address: bad})
        with pytest.raises(ValueError, match="weight"):
            subnet.chain.set_weights(validator, {})
        subnet.advance(1)
        assert subnet.chain.metagraph().by_hotkey[validator.ss58_address].last_update == -1

    def test_setting_weights_shows_as_the_last_update(self, subnet):
        validator, miner = subnet.validator("val"), subnet.miner("ada")
        before = subnet.chain.block()
        subnet.chain.set_weights(validator, {miner.ss58_address: 1.0})
        subnet.advance(1)
        update = subnet.chain.metagraph().by_hotkey[validator.ss58_address].last_update
        assert before + 1 <= update <= before + 1 + subnet.drift
        for block in (before, update - 1):
            assert subnet.chain.metagraph(block).by_hotkey[validator.ss58_address].last_update == -1

    def test_weights_too_soon_are_refused_until_the_block_the_error_names(self, subnet):
        validator, miner = subnet.validator("val"), subnet.miner("ada")
        limit = subnet.chain.metagraph().weights_rate_limit
        subnet.chain.set_weights(validator, {miner.ss58_address: 1.0})
        subnet.advance(limit // 2)
        with pytest.raises(RateLimited) as refused:
            subnet.chain.set_weights(validator, {miner.ss58_address: 1.0})
        subnet.advance(refused.value.allowed_from - subnet.chain.block())
        subnet.chain.set_weights(validator, {miner.ss58_address: 1.0})

    def test_agreed_weights_give_the_miner_incentive_and_the_validator_dividends(self, subnet):
        validator, miner = subnet.validator("val"), subnet.miner("ada")
        subnet.chain.set_weights(validator, {miner.ss58_address: 1.0})
        subnet.advance(3 * subnet.chain.metagraph().tempo)
        neurons = subnet.chain.metagraph().by_hotkey
        assert neurons[miner.ss58_address].incentive == pytest.approx(1.0)
        assert neurons[miner.ss58_address].consensus == pytest.approx(1.0)
        assert neurons[validator.ss58_address].dividends == pytest.approx(1.0)
        assert neurons[validator.ss58_address].validator_trust == pytest.approx(1.0)

    def test_all_weight_on_one_hotkey_is_a_shape_that_is_taken(self, subnet):
        assert subnet.chain.check_weights_shape([1.0]) == ""

    def test_a_past_metagraph_never_changes(self, subnet):
        validator, miner = subnet.validator("val"), subnet.miner("ada")
        subnet.chain.set_weights(validator, {miner.ss58_address: 1.0})
        seen = {}
        for _ in range(6):
            newest = subnet.chain.block()
            seen[newest] = (subnet.chain.metagraph(newest), subnet.chain.commitments(newest))
            subnet.miner(f"late-{newest}")
            subnet.chain.commit(miner, str(newest).encode())
            subnet.permit(miner)
            subnet.advance(subnet.chain.metagraph().tempo // 2)
        for block, (metagraph, commitments) in seen.items():
            assert subnet.chain.metagraph(block) == metagraph
            assert subnet.chain.commitments(block) == commitments
