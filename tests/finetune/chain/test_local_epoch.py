"""Epochs of the local chain: whose weights count, who is paid, and that no alpha is made or lost on the way."""

import pytest

from tests.finetune.chain.contract import Key

TEMPO = 10
MINED = VALIDATED = 4.1  # alpha an epoch: 41% of 10 blocks at 1 alpha
OWNED = 1.8


@pytest.fixture
def subnet(make):
    """Make a chain with validators of these stakes and miners "m1" and "m2"."""

    def build(stakes, **settings):
        chain = make(**{"tempo": TEMPO, "weights_rate_limit": 0, **settings})
        for name in [*stakes, "m1", "m2"]:
            chain.register(Key(name), f"cold-{name}")
        for name, stake in stakes.items():
            chain.add_stake(f"cold-{name}", name, stake)
        chain.advance()
        return chain

    return build


def to_next_epoch(chain):
    chain.advance(TEMPO - chain.block() % TEMPO)
    return chain.metagraph().by_hotkey


class TestConsensus:
    def test_an_honest_majority_keeps_a_minority_s_friend_from_earning(self, subnet):
        chain = subnet({"a": 40.0, "b": 35.0, "liar": 25.0})
        chain.set_weights(Key("a"), {"m1": 1.0})
        chain.set_weights(Key("b"), {"m1": 1.0})
        chain.set_weights(Key("liar"), {"m2": 1.0})
        neurons = to_next_epoch(chain)
        assert [neurons[m].incentive for m in ("m1", "m2")] == [1.0, 0.0]
        assert [neurons[v].validator_trust for v in ("a", "b", "liar")] == [1.0, 1.0, 0.0]
        assert [neurons[v].dividends for v in ("a", "b", "liar")] == pytest.approx([40 / 75, 35 / 75, 0.0])
        assert chain.earned("cold-m2") == chain.earned("cold-liar") == 0.0

    def test_delegated_stake_moves_the_consensus(self, subnet):
        chain = subnet({"a": 60.0, "b": 40.0})
        chain.set_weights(Key("a"), {"m1": 1.0})
        chain.set_weights(Key("b"), {"m2": 1.0})
        assert to_next_epoch(chain)["m1"].incentive == 1.0
        chain.add_stake("fan", "b", 100.0)
        neurons = to_next_epoch(chain)
        assert (neurons["m1"].incentive, neurons["m2"].incentive) == (0.0, 1.0)

    def test_a_validator_without_recent_weights_is_left_out(self, subnet):
        chain = subnet({"big": 90.0, "small": 10.0}, activity_cutoff=25)
        chain.set_weights(Key("big"), {"m1": 1.0})
        chain.set_weights(Key("small"), {"m2": 1.0})
        landed = chain.block() + 1
        while chain.block() < 20:
            assert to_next_epoch(chain)["m1"].incentive == 1.0
        chain.set_weights(Key("small"), {"m2": 1.0})
        assert landed + 25 < 30
        neurons = to_next_epoch(chain)
        assert neurons["m2"].incentive == 1.0
        assert neurons["big"].validator_trust == 0.0

    def test_the_chain_s_kappa_decides_how_much_support_a_weight_needs(self, subnet):
        chain = subnet({"a": 60.0, "b": 40.0}, kappa=0.7)
        chain.set_weights(Key("a"), {"m1": 1.0})
        chain.set_weights(Key("b"), {"m1": 0.25, "m2": 0.75})
        assert to_next_epoch(chain)["m1"].consensus == pytest.approx(0.25, abs=1e-4)

    def test_a_replaced_validator_leaves_with_its_weights_and_bonds(self, subnet):
        chain = subnet({"a": 30.0, "b": 20.0}, max_uids=4, immunity_period=0)
        for name in ("a", "b"):
            chain.set_weights(Key(name), {"m1": 0.5, "m2": 0.5})
        to_next_epoch(chain)
        chain.remove_stake("cold-b", "b", 20.0)
        assert chain.register(Key("new"), "cold-new") == 1
        neurons = to_next_epoch(chain)
        assert chain.weights().keys() == {"a"}
        assert neurons["a"].dividends == 1.0
        assert (neurons["new"].uid, neurons["new"].dividends, neurons["new"].last_update) == (1, 0.0, -1)

    def test_a_staked_hotkey_that_never_set_weights_does_not_vote(self, subnet):
        chain = subnet({"a": 10.0})
        chain.add_stake("whale", "m2", 1000.0)
        chain.set_weights(Key("a"), {"m1": 1.0})
        assert to_next_epoch(chain)["m1"].incentive == 1.0

    def test_losing_the_permit_silences_a_validator_and_ends_its_bonds(self, subnet):
        chain = subnet({"a": 50.0, "b": 40.0}, max_validators=2)
        for name in ("a", "b"):
            chain.set_weights(Key(name), {"m1": 1.0})
        assert to_next_epoch(chain)["b"].dividends == pytest.approx(4 / 9)
        chain.add_stake("whale", "m2", 1000.0)
        assert to_next_epoch(chain)["b"].dividends > 0
        neurons = to_next_epoch(chain)
        b = neurons["b"]
        assert (b.dividends, b.validator_trust, b.validator_permit) == (0.0, 0.0, False)
        assert neurons["a"].dividends == 1.0

    def test_bonds_move_a_tenth_an_epoch_toward_the_new_weights(self, subnet):
        chain = subnet({"a": 50.0, "b": 50.0}, take=0.0)
        chain.set_weights(Key("a"), {"m1": 0.5, "m2": 0.5})
        chain.set_weights(Key("b"), {"m1": 0.5, "m2": 0.5})
        assert to_next_epoch(chain)["a"].dividends == pytest.approx(0.5)
        chain.add_stake("fan", "a", 100.0)
        new = (50 + 100 + 2.05) / (200 + 4.1)
        assert to_next_epoch(chain)["a"].dividends == pytest.approx(0.9 * 0.5 + 0.1 * new)


class TestPayments:
    def test_delegators_share_the_dividends_after_the_validator_s_take(self, subnet):
        chain = subnet({"a": 30.0})
        chain.add_stake("fan", "a", 10.0)
        chain.set_weights(Key("a"), {"m1": 1.0})
        to_next_epoch(chain)
        take, shared = 0.18 * VALIDATED, 0.82 * VALIDATED
        assert chain.earned("cold-a") == pytest.approx(take + 0.75 * shared)
        assert chain.earned("fan") == pytest.approx(0.25 * shared)
        assert chain.earned("cold-m1") == pytest.approx(MINED)
        assert chain.stakes()["a"]["fan"] == pytest.approx(10.0 + 0.25 * shared)
        assert chain.stakes()["m1"] == {"cold-m1": pytest.approx(MINED)}
        assert chain.earned("fan", chain.block() - 1) == 0.0

    def test_miners_are_paid_by_incentive(self, subnet):
        chain = subnet({"a": 30.0})
        chain.set_weights(Key("a"), {"m1": 3.0, "m2": 1.0})
        to_next_epoch(chain)
        assert chain.earned("cold-m1") == pytest.approx(0.75 * MINED, rel=1e-4)
        assert chain.earned("cold-m2") == pytest.approx(0.25 * MINED, rel=1e-4)

    def test_what_the_owner_s_hotkey_mines_is_burnt_and_its_own_share_is_paid(self, subnet):
        chain = subnet({"a": 30.0, "own": 1.0}, owner_hotkey="own")
        chain.set_weights(Key("a"), {"own": 1.0})
        neurons = to_next_epoch(chain)
        assert neurons["own"].incentive == 1.0
        assert chain.earned("cold-own") == pytest.approx(OWNED)
        assert chain.earned("cold-a") == pytest.approx(VALIDATED)

    def test_an_owner_who_validates_can_burn_by_weight_on_itself(self, subnet):
        chain = subnet({"own": 30.0}, owner_hotkey="own")
        chain.set_weights(Key("own"), {"own": 1.0})
        assert to_next_epoch(chain)["own"].incentive == 1.0
        assert chain.earned("cold-own") == pytest.approx(OWNED + VALIDATED)

    def test_weight_on_oneself_earns_nothing(self, subnet):
        chain = subnet({"a": 30.0})
        chain.set_weights(Key("a"), {"a": 1.0})
        neurons = to_next_epoch(chain)
        assert (neurons["a"].incentive, neurons["a"].dividends) == (0.0, 0.0)
        assert chain.earned("cold-a") == 0.0

    def test_an_epoch_that_ranks_nobody_pays_nobody(self, subnet):
        chain = subnet({"a": 30.0})
        before = chain.stakes()
        to_next_epoch(chain)
        assert chain.stakes() == before

    def test_dividends_without_any_stake_left_go_to_the_validator(self, subnet):
        chain = subnet({"a": 30.0, "b": 30.0})
        for name in ("a", "b"):
            chain.set_weights(Key(name), {"m1": 1.0})
        to_next_epoch(chain)
        left = chain.stakes()["a"]["cold-a"]
        chain.remove_stake("cold-a", "a", left)
        before = chain.earned("cold-a")
        dividends = to_next_epoch(chain)["a"].dividends
        assert dividends > 0
        assert chain.earned("cold-a") - before == pytest.approx(VALIDATED * dividends)

    def test_never_more_is_paid_than_was_emitted_and_less_by_dust_only(self, subnet):
        chain = subnet({"a": 31.0, "b": 17.0, "own": 0.3}, owner_hotkey="own")
        for i, fan in enumerate(("f1", "f2", "f3")):
            chain.add_stake(fan, "a", 1.1 + i)
        chain.set_weights(Key("a"), {"m1": 0.31, "m2": 0.69})
        chain.set_weights(Key("b"), {"m1": 0.41, "m2": 0.59})
        staked = total(chain)
        epochs = 7
        for _ in range(epochs):
            to_next_epoch(chain)
        paid = total(chain) - staked - (1.1 + 2.1 + 3.1)
        assert epochs * TEMPO - 1e-6 < paid <= epochs * TEMPO + 1e-12
        coldkeys = {coldkey for by_coldkey in chain.stakes().values() for coldkey in by_coldkey}
        assert sum(chain.earned(coldkey) for coldkey in coldkeys) == pytest.approx(paid)


def total(chain):
    return sum(sum(by_coldkey.values()) for by_coldkey in chain.stakes().values())
