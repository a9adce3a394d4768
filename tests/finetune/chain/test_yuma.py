"""Yuma Consensus: worked by hand, then by the rules it must keep for any weights and stakes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from finetune.chain.yuma import epoch

FIELDS = ("consensus", "incentive", "dividends", "validator_trust", "bonds")


def matrix(n, rows):
    """An n by n matrix from its rows as {row: {column: value}}."""
    filled = np.zeros((n, n))
    for row, columns in rows.items():
        for column, value in columns.items():
            filled[row, column] = value
    return filled


def assert_same(result, other):
    for field in FIELDS:
        np.testing.assert_allclose(getattr(result, field), getattr(other, field), atol=1e-9, err_msg=field)


steady = settings(
    max_examples=50, deadline=None, derandomize=True
)  # the same examples in every run, however slow the machine

# Small whole numbers: stakes then add up to kappa exactly or miss it clearly, so rounding decides nothing.
neurons = st.integers(1, 6)
weights = neurons.flatmap(lambda n: arrays.arrays(np.float64, (n, n), elements=st.integers(0, 4).map(float)))


@st.composite
def subnets(draw):
    w = draw(weights)
    stake = draw(arrays.arrays(np.float64, len(w), elements=st.integers(0, 5).map(float)))
    bonds = draw(st.none() | arrays.arrays(np.float64, w.shape, elements=st.integers(0, 3).map(float)))
    return w, stake, bonds


class TestByHand:
    def test_the_worked_example_of_the_docstring(self):
        w = matrix(5, {0: {3: 0.6, 4: 0.4}, 1: {3: 0.6, 4: 0.4}, 2: {4: 1.0}})
        result = epoch(w, [50, 30, 20, 0, 0])
        np.testing.assert_allclose(result.consensus, [0, 0, 0, 0.6, 0.4])
        np.testing.assert_allclose(result.incentive, [0, 0, 0, 6 / 11, 5 / 11])
        np.testing.assert_allclose(result.validator_trust, [1, 1, 0.4, 0, 0])
        np.testing.assert_allclose(result.bonds[:3, 3:], [[5 / 8, 0.5], [3 / 8, 0.3], [0, 0.2]])
        np.testing.assert_allclose(result.dividends, [25 / 44, 15 / 44, 4 / 44, 0, 0])

    def test_exactly_kappa_of_the_stake_is_enough_and_less_is_not(self):
        w = matrix(4, {0: {2: 1.0}, 1: {3: 1.0}})
        even, uneven = epoch(w, [50, 50, 0, 0]), epoch(w, [51, 49, 0, 0])
        np.testing.assert_allclose(even.incentive, [0, 0, 0.5, 0.5])
        np.testing.assert_allclose(uneven.incentive, [0, 0, 1, 0])

    def test_rounding_of_the_shares_takes_no_support_away(self):
        n = 22
        w = matrix(n, {row: {20 if row < 10 else 21: 1.0} for row in range(20)})
        result = epoch(w, [0.1] * 20 + [0, 0], kappa=0.5)
        np.testing.assert_allclose(result.consensus[20:], [1, 1])

    def test_a_higher_kappa_asks_for_more_support(self):
        w = matrix(5, {0: {3: 1.0}, 1: {3: 1.0}, 2: {3: 0.25, 4: 0.75}})
        stake = [40, 30, 30, 0, 0]
        assert epoch(w, stake, kappa=0.7).consensus[3] == 1.0
        assert epoch(w, stake, kappa=0.71).consensus[3] == 0.25

    def test_old_bonds_keep_nine_tenths_of_their_say(self):
        w = matrix(3, {0: {2: 1.0}, 1: {2: 1.0}})
        first = epoch(w, [1, 1, 0])
        second = epoch(w, [3, 1, 0], first.bonds)
        np.testing.assert_allclose(second.bonds[:, 2], [0.9 * 0.5 + 0.1 * 0.75, 0.9 * 0.5 + 0.1 * 0.25, 0])
        np.testing.assert_allclose(epoch(w, [3, 1, 0], first.bonds, bond_moving_average=0).bonds[:, 2], [0.75, 0.25, 0])

    def test_bonds_that_lost_a_holder_still_count_as_a_whole(self):
        w = matrix(3, {0: {2: 1.0}, 1: {2: 1.0}})
        left = matrix(3, {0: {2: 0.25}})
        np.testing.assert_allclose(epoch(w, [1, 1, 0], left).bonds[:, 2], [0.9 + 0.1 * 0.5, 0.1 * 0.5, 0])

    def test_weight_on_oneself_counts_for_the_owner_alone(self):
        w = matrix(2, {0: {0: 1.0}, 1: {1: 1.0}})
        assert not epoch(w, [1, 1]).incentive.any()
        np.testing.assert_allclose(epoch(w, [1, 1], owner=0).incentive, [1, 0])

    @pytest.mark.parametrize("n", [0, 1, 3])
    def test_nothing_in_gives_zeros_out(self, n):
        result = epoch(np.zeros((n, n)), np.zeros(n))
        for field in FIELDS:
            assert not getattr(result, field).any()

    def test_huge_and_tiny_figures_are_as_good_as_any(self):
        w = matrix(4, {0: {2: 1e308, 3: 1e308}, 1: {2: 5e-324}})
        np.testing.assert_allclose(epoch(w, [1e308, 1e308, 0, 0]).consensus, [0, 0, 1, 0.5])
        np.testing.assert_allclose(epoch(w, [5e-324, 5e-323, 0, 0]).consensus, [0, 0, 1, 0])

    def test_the_arguments_are_not_changed(self):
        w, stake, bonds = np.ones((3, 3)), np.ones(3), np.ones((3, 3))
        epoch(w, stake, bonds)
        assert (w == 1).all()
        assert (stake == 1).all()
        assert (bonds == 1).all()


class TestProperties:
    @steady
    @given(subnets())
    def test_shares_sum_to_1_or_0_and_nothing_leaves_its_range(self, subnet):
        result = epoch(*subnet)
        for field in FIELDS:
            values = getattr(result, field)
            assert np.isfinite(values).all()
            assert (values >= 0).all()
            assert (values <= 1 + 1e-9).all()
        for shares in (result.incentive, result.dividends, *result.bonds.T):
            assert shares.sum() == pytest.approx(1.0) or not shares.any()

    @steady
    @given(subnets(), st.data())
    def test_only_proportions_count(self, subnet, data):
        w, stake, bonds = subnet
        factors = data.draw(arrays.arrays(np.float64, (len(w), 1), elements=st.floats(1e-3, 1e3)))
        assert_same(epoch(w * factors, stake * data.draw(st.floats(1e-3, 1e3)), bonds), epoch(w, stake, bonds))

    @steady
    @given(subnets(), st.data())
    def test_the_order_of_uids_does_not_matter(self, subnet, data):
        w, stake, bonds = subnet
        order = data.draw(st.permutations(range(len(w))))
        square = np.ix_(order, order)
        result = epoch(w, stake, bonds)
        moved = epoch(w[square], stake[order], None if bonds is None else bonds[square])
        for field in FIELDS[:-1]:
            np.testing.assert_allclose(getattr(moved, field), getattr(result, field)[order], atol=1e-9)
        np.testing.assert_allclose(moved.bonds, result.bonds[square], atol=1e-9)

    @steady
    @given(subnets())
    def test_at_least_kappa_of_the_stake_supports_the_consensus_and_no_offered_weight_above_it(self, subnet):
        w, stake, _ = subnet
        if not stake.any():
            return
        consensus = epoch(w, stake).consensus
        offered = np.where(np.eye(len(w), dtype=bool), 0, w)
        offered = offered / np.where(offered.sum(1) > 0, offered.sum(1), 1)[:, None]
        for column, level in enumerate(consensus):
            support = {x: stake[offered[:, column] >= x - 1e-12].sum() / stake.sum() for x in offered[:, column]}
            assert stake[offered[:, column] >= level - 1e-12].sum() / stake.sum() >= 0.5 - 1e-12
            assert all(share < 0.5 for x, share in support.items() if x > level + 1e-9)

    @steady
    @given(subnets(), st.data())
    def test_a_minority_of_the_stake_cannot_raise_a_column(self, subnet, data):
        w, stake, _ = subnet
        minority = data.draw(st.lists(st.integers(0, len(w) - 1), unique=True))
        if stake[minority].sum() >= 0.5 * stake.sum():
            return
        attack = data.draw(arrays.arrays(np.float64, (len(minority), len(w)), elements=st.integers(0, 4).map(float)))
        attacked = w.copy()
        attacked[minority] = attack
        column = data.draw(st.integers(0, len(w) - 1))
        honest = [row for row in range(len(w)) if row not in minority and row != column and stake[row] > 0]
        rows = np.where(np.eye(len(w), dtype=bool), 0, w)
        highest = max((rows[row, column] / rows[row].sum() for row in honest if rows[row].any()), default=0.0)
        assert epoch(attacked, stake).consensus[column] <= highest + 1e-9

    @steady
    @given(st.integers(3, 8), st.data())
    def test_an_honest_majority_keeps_all_its_trust(self, n, data):
        miners = np.array([0.0] * (n - 2) + [data.draw(st.integers(1, 4)), data.draw(st.integers(0, 4))])
        stake = np.array([data.draw(st.integers(1, 5)) for _ in range(n - 2)] + [0, 0], dtype=float)
        liars = data.draw(st.lists(st.integers(0, n - 3), unique=True))
        if stake[liars].sum() > 0.5 * stake.sum() - 1e-9:
            return
        w = np.zeros((n, n))
        w[: n - 2] = miners
        w[liars] = data.draw(arrays.arrays(np.float64, (len(liars), n), elements=st.integers(0, 4).map(float)))
        result = epoch(w, stake)
        honest = [row for row in range(n - 2) if row not in liars]
        np.testing.assert_allclose(result.validator_trust[honest], 1.0)
        np.testing.assert_allclose(result.consensus[-2:], miners[-2:] / miners.sum())

    @steady
    @given(subnets())
    def test_stake_without_weights_and_weights_without_stake_earn_no_new_bonds(self, subnet):
        w, stake, _ = subnet
        np.fill_diagonal(w, 0)
        idle = (stake == 0) | ~w.any(axis=1)
        result = epoch(w, stake)
        assert not result.bonds[idle].any()
        assert not result.dividends[idle].any()


class TestBadInput:
    @pytest.mark.parametrize(
        ("argument", "value", "found"),
        [
            ("weights", np.ones((3, 2)), r"shape \(3, 2\); it must be square"),
            ("weights", np.ones(3), r"shape \(3,\); it must be square"),
            ("weights", 1.0, r"shape \(\); it must be square"),
            ("weights", [[0, 1], [2]], "not an array of numbers"),
            ("weights", [["a"]], "not an array of numbers"),
            ("weights", [[0, 1, 0], [0, 0, np.nan], [0, 0, 0]], r"nan at \(1, 2\); only finite"),
            ("weights", [[0, 1, 0], [0, 0, 0], [-2, 0, 0]], r"-2.0 at \(2, 0\); only finite"),
            ("stake", np.ones(4), r"shape \(4,\); it must be \(3,\)"),
            ("stake", [1, np.inf, 0], r"inf at \(1,\); only finite"),
            ("stake", [1, -1, 0], r"-1.0 at \(1,\); only finite"),
            ("bonds", np.ones((2, 2)), r"shape \(2, 2\); it must be \(3, 3\)"),
            ("bonds", -np.ones((3, 3)), r"-1.0 at \(0, 0\); only finite"),
            ("kappa", 0.0, "above 0 and at most 1"),
            ("kappa", np.nan, "above 0 and at most 1"),
            ("bond_moving_average", 1.5, "from 0 to 1"),
            ("owner", 3, "a uid from 0 to 2"),
            ("owner", -1, "a uid from 0 to 2"),
        ],
    )
    def test_bad_input_names_the_argument_what_was_found_and_what_is_allowed(self, argument, value, found):
        good = {"weights": np.ones((3, 3)), "stake": np.ones(3), "bonds": None}
        with pytest.raises(ValueError, match=f"^{argument} .*{found}"):
            epoch(**{**good, argument: value})
