"""The local chain: the contract, its blocks, its uids, its commitments and its weights."""

import hashlib

import pytest

from finetune.chain.local import LocalChain
from finetune.chain.local.settings import LocalSettings
from finetune.errors import ChainError, NotRegistered, RateLimited
from tests.finetune.chain.contract import ChainContract, Key, Subnet


class TestContract(ChainContract):
    @pytest.fixture
    def subnet(self, make):
        chain = make(tempo=20, weights_rate_limit=10)

        def permit(key):
            chain.add_stake("cold-bank", key.ss58_address, 1000.0)
            chain.advance(1)

        return Subnet(chain=chain, advance=chain.advance, key=Key, permit=permit)


def register(chain, *names):
    for name in names:
        chain.register(Key(name), f"cold-{name}")
    chain.advance(1)


def validators(chain, **stakes):
    register(chain, *stakes)
    for name, stake in stakes.items():
        chain.add_stake(f"cold-{name}", name, stake)
    chain.advance(1)


def hotkeys(chain):
    return [neuron.hotkey for neuron in chain.metagraph().neurons]


def permitted(chain, block=None):
    return {neuron.hotkey for neuron in chain.metagraph(block).neurons if neuron.validator_permit}


class TestBlocks:
    def test_the_seed_alone_decides_the_hashes(self, make):
        first, same, other = make(seed="a"), make(seed=b"a"), make(seed="b")
        assert first.block_hash(0) == same.block_hash(0) != other.block_hash(0)

    def test_the_hash_is_sha256_over_length_delimited_parts(self, make):
        chain = make(seed=b"s")
        chain.advance(258)
        parts = bytes(7) + b"\x16block of a local chain" + bytes(7) + b"\x01s" + bytes(7) + b"\x08" + bytes(6) + b"\1\2"
        assert chain.block_hash(258) == hashlib.sha256(parts).digest()

    def test_the_clock_makes_blocks_and_whoever_looks_first_runs_the_epochs(self, make):
        time = [1000.0]
        chain = make(now=lambda: time[0], block_seconds=12.0, tempo=10)
        chain.register(Key("val"), "cold-val")
        chain.register(Key("miner"), "cold-miner")
        chain.add_stake("cold-val", "val", 100.0)
        chain.set_weights(Key("val"), {"miner": 1.0})
        time[0] += 12.0 * 10 - 0.1
        assert chain.block() == 9
        assert chain.metagraph().by_hotkey["miner"].incentive == 0.0
        time[0] += 0.1
        assert chain.metagraph().by_hotkey["miner"].incentive == 1.0
        time[0] += 12.0 * 25
        assert chain.block() == 35
        assert chain.earned("cold-miner", 30) == pytest.approx(3 * 4.1)

    def test_a_clock_set_back_takes_no_block_away(self, make):
        time = [0.0]
        chain = make(now=lambda: time[0], block_seconds=1.0)
        time[0] = 50.0
        assert chain.block() == 50
        time[0] = 20.0
        assert chain.block() == 50
        assert chain.register(Key("ada"), "cold") == 0
        time[0] = 51.0
        assert chain.metagraph().neurons[0].block_at_registration == 51

    def test_blocks_of_the_clock_cannot_be_made_by_hand(self, make):
        with pytest.raises(ValueError, match="clock"):
            make(block_seconds=1.0).advance()

    @pytest.mark.parametrize("blocks", [0, -1])
    def test_at_least_one_block_is_made(self, make, blocks):
        with pytest.raises(ValueError, match=str(blocks)):
            make().advance(blocks)


class TestSettings:
    def test_settings_outlive_the_object_that_made_them(self, make, tmp_path):
        settings = {"tempo": 7, "max_uids": 3, "take": 0.25, "block_seconds": None, "reveal_period": 0}
        make(**settings).close()
        with LocalChain(tmp_path / "chain-0.db") as chain:
            assert chain.settings == LocalSettings(**settings)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("tempo", 0),
            ("max_uids", 0),
            ("reveal_period", -1),
            ("kappa", 0.0),
            ("kappa", 1.1),
            ("take", float("nan")),
            ("bond_moving_average", -0.1),
            ("block_seconds", 0.0),
            ("block_seconds", float("inf")),
        ],
    )
    def test_a_setting_out_of_range_is_named_with_what_is_allowed(self, name, value):
        with pytest.raises(ValueError, match=f"{name} is {value}; it must be"):
            LocalSettings(**{name: value})


class TestUids:
    def test_a_full_subnet_replaces_the_lowest_emission_and_at_equal_ones_the_oldest(self, make):
        chain = make(max_uids=4, immunity_period=0, tempo=10)
        validators(chain, val=100.0)
        register(chain, "good", "idle-1", "idle-2")
        chain.set_weights(Key("val"), {"good": 1.0})
        chain.advance(20)
        assert chain.register(Key("new-1"), "cold") == 2
        chain.advance(1)
        assert hotkeys(chain) == ["val", "good", "new-1", "idle-2"]
        assert chain.register(Key("new-2"), "cold") == 3

    def test_an_immune_neuron_is_not_replaced(self, make):
        chain = make(max_uids=2, immunity_period=50)
        register(chain, "first")
        chain.advance(30)
        register(chain, "second")
        with pytest.raises(ChainError, match="block 51"):
            chain.register(Key("new"), "cold")
        chain.advance(50 - chain.block())
        assert chain.register(Key("new"), "cold") == 0
        with pytest.raises(ChainError, match="block 82"):
            chain.register(Key("newer"), "cold")

    def test_the_owner_s_hotkey_is_never_replaced(self, make):
        chain = make(max_uids=2, immunity_period=0, owner_hotkey="owner")
        register(chain, "owner", "miner")
        assert chain.register(Key("new"), "cold") == 1
        alone = make(max_uids=1, immunity_period=0, owner_hotkey="owner")
        register(alone, "owner")
        with pytest.raises(ChainError, match="owner"):
            alone.register(Key("new"), "cold")

    def test_the_replaced_hotkey_leaves_with_its_commitment_and_comes_back_without_it(self, make):
        chain = make(max_uids=1, immunity_period=0)
        register(chain, "old")
        chain.commit(Key("old"), b"old")
        chain.advance(1)
        register(chain, "new")
        assert chain.commitments(chain.block()) == ()
        with pytest.raises(NotRegistered, match="old"):
            chain.commit(Key("old"), b"x")
        register(chain, "old")
        assert hotkeys(chain) == ["old"]
        assert chain.commitments(chain.block()) == ()
        assert [entry.data for entry in chain.commitments(2)] == [b"old"]

    def test_stake_stays_with_a_replaced_hotkey_and_counts_again_when_it_returns(self, make):
        chain = make(max_uids=1, immunity_period=0)
        validators(chain, old=100.0)
        register(chain, "new")
        assert chain.stakes() == {"old": {"cold-old": 100.0}}
        assert not chain.metagraph().neurons[0].validator_permit
        register(chain, "old")
        assert chain.metagraph().neurons[0].stake == 100.0

    def test_a_hotkey_belongs_to_the_coldkey_that_first_registered_it(self, make):
        chain = make()
        register(chain, "ada")
        with pytest.raises(ChainError, match="cold-ada"):
            chain.register(Key("ada"), "cold-thief")


class TestCommitments:
    def test_31_small_commitments_fit_in_an_epoch_and_the_next_waits_for_the_one_after(self, make):
        chain = make(tempo=10)
        register(chain, "ada", "bob")
        for i in range(31):
            chain.commit(Key("ada"), b"%d" % i)
        with pytest.raises(RateLimited, match="3100") as refused:
            chain.commit(Key("ada"), b"x")
        assert refused.value.allowed_from == 10
        chain.commit(Key("bob"), b"x")
        chain.advance(8)
        assert chain.block() + 1 == 10
        assert chain.commit(Key("ada"), b"x") == 10

    def test_a_large_commitment_costs_its_size(self, make):
        chain = make()
        register(chain, "ada")
        for _ in range(24):
            chain.commit(Key("ada"), b"x" * 128)
        with pytest.raises(RateLimited, match="3072"):
            chain.commit(Key("ada"), b"x")


class TestWeights:
    def test_weights_are_hidden_until_the_epoch_of_their_reveal(self, make):
        chain = make(tempo=10, reveal_period=2)
        validators(chain, val=100.0)
        register(chain, "miner")
        chain.set_weights(Key("val"), {"miner": 1.0})
        chain.advance(19 - chain.block())
        assert chain.weights() == {}
        assert chain.metagraph().by_hotkey["miner"].incentive == 0.0
        chain.advance(1)
        assert chain.weights() == {"val": {"miner": 1.0}}
        assert chain.metagraph().by_hotkey["miner"].incentive == 1.0
        assert chain.weights(19) == {}

    def test_weights_that_land_in_an_epoch_s_block_wait_for_the_next(self, make):
        chain = make(tempo=10)
        validators(chain, val=100.0)
        register(chain, "miner")
        chain.advance(9 - chain.block())
        chain.set_weights(Key("val"), {"miner": 1.0})
        chain.advance(10)
        assert chain.weights() == {}
        chain.advance(1)
        assert chain.weights() == {"val": {"miner": 1.0}}

    def test_the_old_weights_stand_until_the_new_ones_are_revealed(self, make):
        chain = make(tempo=10, weights_rate_limit=0)
        validators(chain, val=100.0)
        register(chain, "a", "b")
        chain.set_weights(Key("val"), {"a": 1.0})
        chain.advance(10)
        chain.set_weights(Key("val"), {"b": 1.0})
        chain.advance(19 - chain.block())
        assert chain.weights() == {"val": {"a": 1.0}}
        chain.advance(1)
        assert chain.weights() == {"val": {"b": 1.0}}

    def test_without_a_reveal_period_weights_show_in_the_next_block(self, make):
        chain = make(reveal_period=0)
        validators(chain, val=100.0)
        register(chain, "miner")
        chain.set_weights(Key("val"), {"miner": 0.3})
        assert chain.weights() == {}
        chain.advance(1)
        assert chain.weights() == {"val": {"miner": 1.0}}

    def test_weights_are_16_bit_numbers_with_the_largest_at_65535(self, make):
        chain = make(reveal_period=0)
        validators(chain, val=100.0)
        register(chain, "a", "b", "c", "d")
        chain.set_weights(Key("val"), {"a": 2.0, "b": 1.0, "c": 1e-6, "d": 0.0})
        chain.advance(1)
        total = 65535 + 32768
        assert chain.weights() == {"val": {"a": 65535 / total, "b": 32768 / total}}

    def test_weights_for_one_tenant_of_a_uid_never_reward_the_next(self, make):
        chain = make(max_uids=3, immunity_period=0, tempo=10, reveal_period=0, owner_hotkey="val")
        validators(chain, val=100.0)
        register(chain, "old", "other")
        chain.set_weights(Key("val"), {"old": 0.75, "other": 0.25})
        set_at = chain.advance(1)
        assert chain.register(Key("new"), "cold-new") == 1
        chain.advance(20)
        neurons = chain.metagraph().by_hotkey
        assert (neurons["new"].uid, neurons["new"].incentive, neurons["other"].incentive) == (1, 0.0, 1.0)
        assert chain.weights() == {"val": {"other": 1.0}}
        assert chain.weights(set_at)["val"].keys() == {"old", "other"}

    def test_weights_may_land_exactly_the_rate_limit_after_the_last_ones(self, make):
        chain = make(weights_rate_limit=10)
        validators(chain, val=100.0)
        register(chain, "miner")
        chain.set_weights(Key("val"), {"miner": 1.0})
        last = chain.advance()
        chain.advance(8)
        with pytest.raises(RateLimited) as refused:
            chain.set_weights(Key("val"), {"miner": 1.0})
        assert refused.value.allowed_from == last + 10
        chain.advance()
        chain.set_weights(Key("val"), {"miner": 1.0})
        chain.advance()
        assert chain.metagraph().by_hotkey["val"].last_update == last + 10

    def test_a_miner_without_a_permit_cannot_set_weights(self, make):
        chain = make()
        register(chain, "a", "b")
        with pytest.raises(ChainError, match="a has no validator permit"):
            chain.set_weights(Key("a"), {"b": 1.0})

    def test_weights_that_name_too_few_are_refused_as_the_check_of_their_shape_says(self, make):
        chain = make(min_allowed_weights=2)
        validators(chain, val=1.0)
        register(chain, "ada", "bob")
        assert "fewer than 2 hotkeys, and ours name 1" in chain.check_weights_shape([1.0])
        assert chain.check_weights_shape([0.5, 0.5]) == ""
        with pytest.raises(ChainError, match="fewer than 2 hotkeys, and ours name 1"):
            chain.set_weights(Key("val"), {"ada": 1.0, "bob": 0.0})
        chain.set_weights(Key("val"), {"ada": 1.0, "bob": 1.0})


class TestPermits:
    def test_before_the_first_epoch_permits_follow_the_stakes_at_once(self, make):
        chain = make(max_validators=2, tempo=50)
        validators(chain, low=1.0, high=3.0, middle=2.0)
        register(chain, "none")
        assert permitted(chain) == {"high", "middle"}
        chain.add_stake("anyone", "low", 5.0)
        chain.advance(1)
        assert permitted(chain) == {"low", "high"}

    def test_later_permits_change_at_epochs_only(self, make):
        chain = make(max_validators=1, tempo=10)
        validators(chain, a=2.0, b=1.0)
        chain.advance(10 - chain.block())
        chain.add_stake("anyone", "b", 5.0)
        chain.advance(9)
        assert permitted(chain) == {"a"}
        chain.advance(1)
        assert permitted(chain) == {"b"}
        assert permitted(chain, 19) == {"a"}


class TestStakes:
    def test_stake_counts_what_delegators_added_and_can_be_taken_off(self, make):
        chain = make()
        register(chain, "val")
        chain.add_stake("cold-val", "val", 1.5)
        chain.add_stake("fan", "val", 2.25)
        chain.advance(1)
        chain.remove_stake("fan", "val", 2.0)
        chain.advance(1)
        assert chain.metagraph().by_hotkey["val"].stake == 1.75
        assert chain.stakes() == {"val": {"cold-val": 1.5, "fan": 0.25}}
        assert chain.stakes(2) == {"val": {"cold-val": 1.5, "fan": 2.25}}
        assert chain.earned("fan") == 0.0

    def test_more_than_is_there_cannot_be_taken_off_even_twice_in_one_block(self, make):
        chain = make()
        validators(chain, val=1.0)
        chain.remove_stake("cold-val", "val", 0.6)
        with pytest.raises(ChainError, match=r"0\.4"):
            chain.remove_stake("cold-val", "val", 0.6)

    def test_nothing_is_staked_on_a_hotkey_that_never_was_registered(self, make):
        with pytest.raises(NotRegistered, match="typo"):
            make().add_stake("cold", "typo", 1.0)

    @pytest.mark.parametrize("amount", [0.0, -1.0, float("nan"), float("inf"), 1e-10, 1e300])
    def test_an_amount_out_of_range_is_refused(self, make, amount):
        chain = make()
        validators(chain, val=1.0)
        for move in (chain.add_stake, chain.remove_stake):
            with pytest.raises(ValueError, match="amount"):
                move("cold-val", "val", amount)
