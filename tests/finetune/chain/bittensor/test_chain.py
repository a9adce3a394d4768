"""The network as a chain: the contract, then what is read of a subnet and what is sent to it, all going well."""

import subprocess
import sys

import pytest

from finetune.errors import ChainError, NotRegistered, RateLimited, SetupError
from tests.finetune.chain.bittensor.fake_substrate import Key, stored_commitment
from tests.finetune.chain.contract import ChainContract, Subnet


class TestContract(ChainContract):
    @pytest.fixture
    def subnet(self, world):
        return Subnet(chain=world.chain, advance=world.local.advance, key=Key, permit=world.permit)


class TestReading:
    def test_a_neuron_is_what_the_chain_says_of_it(self, make_world):
        world = make_world(activity_cutoff=4321, weights_rate_limit=7, tempo=20)
        validator, miner = world.validator("val"), world.register("ada")
        world.local.set_weights(validator, {miner.ss58_address: 1.0})
        world.local.advance(60)
        here, there = world.chain.metagraph(), world.local.metagraph()
        assert here.neurons == there.neurons
        assert (here.tempo, here.activity_cutoff, here.weights_rate_limit) == (20, 4321, 7)

    def test_a_former_tenant_s_weights_are_not_the_new_one_s(self, world):
        key = world.register("ada")
        world.local.advance(5)
        for former in (1, 0):
            world.node.updates[0] = former
            assert world.connect().metagraph().by_hotkey[key.ss58_address].last_update == -1
        world.node.updates[0] = 2
        assert world.connect().metagraph().by_hotkey[key.ss58_address].last_update == 2

    def test_an_owner_without_a_hotkey_is_nobody(self, make_world):
        assert make_world().chain.metagraph().owner_hotkey is None
        assert make_world(owner_hotkey="boss").chain.metagraph().owner_hotkey == "boss"

    def test_the_time_of_a_block_is_its_own_to_the_millisecond(self, world):
        world.local.advance(10)
        assert world.chain.block_time(10) == 1_700_000_120.5

    def test_a_subnet_that_is_not_there_is_named(self, world):
        with pytest.raises(ChainError, match="no subnet 9"):
            world.connect(9).metagraph()

    def test_a_node_that_lags_takes_no_final_block_back(self, world):
        world.local.advance(10)
        assert world.chain.block() == 10
        world.node.lag = 3
        assert world.chain.block() == 10
        assert world.connect().block() == 7

    def test_nothing_is_asked_until_somebody_asks_and_the_library_is_not_even_imported(self, world):
        assert world.node.dials == 0
        code = "import sys, finetune.chain.bittensor as b; b.BittensorChain(1); sys.exit('bittensor' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


class TestCommitments:
    def test_what_an_earlier_registration_committed_is_left_out_and_so_is_who_has_no_uid(self, world):
        for name in ("old", "same", "new", "gone"):
            world.register(name)
            world.local.commit(Key(name), name.encode())
        world.local.advance(1)
        records = {one.hotkey: stored_commitment(one) for one in world.local.commitments(world.local.block())}
        registered = {neuron.hotkey: neuron.block_at_registration for neuron in world.local.metagraph().neurons}
        for name, block in (
            ("old", registered["old"] - 1),
            ("same", registered["same"]),
            ("new", registered["new"] + 1),
        ):
            world.node.records[name] = {**records[name], "block": block}
        world.node.records["stranger"] = records["gone"]
        found = world.chain.commitments(world.chain.block())
        assert [one.hotkey for one in found] == ["same", "new", "gone"]

    def test_one_commitment_that_cannot_be_read_hides_no_other(self, world):
        for name in ("ada", "bob"):
            world.register(name)
            world.local.commit(Key(name), name.encode())
        world.local.advance(1)
        world.node.records["bob"] = {"deposit": 0, "block": 9, "info": {"fields": [{"BigRaw": "0xzz"}]}}
        found = {one.hotkey: one.data for one in world.chain.commitments(world.chain.block())}
        assert found == {"ada": b"ada", "bob": b"(not exactly one raw field)"}

    def test_a_commitment_is_one_raw_field_signed_by_the_hotkey_and_dies_soon(self, world):
        key = world.register("ada")
        world.chain.commit(key, b"hello")
        ((module, function, params, signer, period),) = world.node.sent
        assert (module, function, params["netuid"], signer, period) == ("Commitments", "set_commitment", 1, "ada", 16)
        assert world.standing() == {"ada": b"hello"}

    def test_beyond_the_epoch_s_bytes_it_is_refused_until_the_next_epoch(self, make_world):
        world = make_world(tempo=50)
        key = world.register("ada")
        for _ in range(31):
            world.chain.commit(key, b"x")
        with pytest.raises(RateLimited, match="commitment of ada was refused: SpaceLimitExceeded") as refused:
            world.chain.commit(key, b"y")
        assert refused.value.allowed_from == 50
        world.local.advance(50 - world.local.block())
        world.chain.commit(key, b"y")
        assert world.standing() == {"ada": b"y"}


class TestWeights:
    def test_they_go_by_uid_under_the_subnet_s_version_key_or_one_that_is_named(self, world):
        validator = world.validator("val")
        for name in ("ada", "bob"):
            world.register(name)
        world.chain.set_weights(validator, {"bob": 1.0, "ada": 0.5, "val": 0.0})
        world.local.advance(10)
        world.chain.set_weights(validator, {"ada": 2.0}, version_key=99)
        first, second = world.node.sent
        assert first[1:] == (
            "set_mechanism_weights",
            {"netuid": 1, "mecid": 0, "dests": [1, 2], "weights": [32768, 65535], "version_key": 7},
            "val",
            16,
        )
        assert second[2]["version_key"] == 99

    def test_where_the_subnet_hides_weights_they_are_never_sent_in_the_open(self, world):
        validator, miner = world.validator("val"), world.register("ada")
        world.node.commit_reveal = True
        world.chain.set_weights(validator, {miner.ss58_address: 1.0})
        assert [sent[1] for sent in world.node.sent] == ["commit_timelocked_mechanism_weights"]
        assert world.chain.metagraph().by_hotkey["val"].last_update == world.local.block()

    def test_without_a_permit_nothing_is_sent(self, world):
        world.register("val")
        with pytest.raises(ChainError, match="val has no validator permit at block 1, so it cannot set weights"):
            world.chain.set_weights(Key("val"), {"val": 1.0})
        assert world.submissions() == 0

    def test_the_owner_may_need_no_permit_so_the_chain_decides(self, make_world):
        world = make_world(owner_hotkey="boss")
        boss = world.register("boss")
        world.local.advance(10)
        with pytest.raises(ChainError, match="weights by boss was refused: NeuronNoValidatorPermit"):
            world.chain.set_weights(boss, {"boss": 1.0})
        assert world.submissions() == 1

    def test_too_soon_is_known_before_anything_is_sent_and_counts_from_the_registration(self, world):
        key = world.register("val")
        world.local.add_stake("cold-bank", "val", 1000.0)
        world.local.advance(3)
        with pytest.raises(RateLimited) as refused:
            world.chain.set_weights(key, {"val": 1.0})
        assert refused.value.allowed_from == 1 + 10
        assert world.submissions() == 0

    def test_a_rate_limit_that_only_the_chain_knew_of_is_one_all_the_same(self, world):
        validator = world.validator("val")
        world.chain.set_weights(validator, {"val": 1.0})
        world.node.updates[0] = 1
        world.local.advance(5)
        newest = world.local.block()
        with pytest.raises(RateLimited, match="SettingWeightsTooFast") as refused:
            world.chain.set_weights(validator, {"val": 1.0})
        assert refused.value.allowed_from == newest + 1

    def test_too_few_of_them_are_refused_before_they_are_signed(self, world):
        validator, miner = world.validator("val"), world.register("ada")
        world.node.min_allowed_weights = 2
        with pytest.raises(ChainError, match="requires at least 2 weights"):
            world.chain.set_weights(validator, {miner.ss58_address: 1.0})
        assert world.submissions() == 0

    @pytest.mark.parametrize(
        ("least", "largest", "shares", "fault"),
        [
            (1, 65535, [1.0], ""),
            (2, 65535, [0.5, 0.5], ""),
            (2, 65535, [1.0], "refuses weights for fewer than 2 hotkeys, and ours name 1"),
            (1, 32768, [0.5, 0.5], ""),
            (1, 32768, [0.6, 0.4], "cuts shares above 0.5000 off, and our largest is 0.6000"),
        ],
    )
    def test_a_shape_that_the_subnet_refuses_or_bends_is_told(self, world, least, largest, shares, fault):
        world.node.min_allowed_weights, world.node.max_weights_limit = least, largest
        told = world.chain.check_weights_shape(shares)
        assert fault in told
        assert bool(fault) == bool(told)


class TestRegistration:
    def test_the_coldkey_signs_and_the_hotkey_gets_the_uid(self, world):
        assert world.chain.register(Key("ada"), "cold-ada") == 0
        ((_, function, params, signer, _),) = world.node.sent
        assert (function, params, signer) == ("burned_register", {"netuid": 1, "hotkey": "ada"}, "cold-ada")

    def test_a_registered_hotkey_costs_nothing_again(self, world):
        world.register("ada")
        assert world.chain.register(Key("ada"), "cold-ada") == 0
        with pytest.raises(ChainError, match="belongs to the coldkey cold-ada; thief cannot"):
            world.chain.register(Key("ada"), "thief")
        assert world.submissions() == 0

    def test_a_coldkey_whose_key_is_not_here_is_told_what_to_run(self, world):
        with pytest.raises(SetupError, match="btcli subnets register --netuid 1"):
            world.connect(coldkeys={}).register(Key("ada"), "cold-ada")

    def test_what_the_chain_refuses_is_said_in_its_words(self, make_world):
        world = make_world(max_uids=1)
        world.register("ada")
        with pytest.raises(ChainError, match="registration of bob was refused: NonAssociatedColdKey; all 1 uids"):
            world.chain.register(Key("bob"), "cold-bob")

    def test_a_stranger_s_commitment_and_weights_name_the_stranger(self, world):
        validator = world.validator("val")
        with pytest.raises(NotRegistered, match="commitment of stranger was refused"):
            world.chain.commit(Key("stranger"), b"x")
        with pytest.raises(NotRegistered, match="nobody has no uid"):
            world.chain.set_weights(validator, {"nobody": 1.0})
