"""The made-up losses are what they claim to be."""

from statistics import NormalDist

import numpy as np
import pytest

from finetune.simulation.world import COPY_SPREAD, World, copied


def test_the_log_ratio_of_two_models_spreads_as_said_and_its_middle_is_their_strength() -> None:
    losses = World(spread=0.2).draw((1.0, 0.9), 50, 4, 200, np.random.default_rng(1))
    assert losses.shape == (50, 2, 4, 200)
    ratios = np.log(losses[:, 1] / losses[:, 0])
    assert ratios.std() == pytest.approx(0.2, rel=0.02)
    assert np.exp(np.median(ratios)) == pytest.approx(0.9, rel=0.01)
    assert losses[:, 1].mean() / losses[:, 0].mean() == pytest.approx(0.9, rel=0.01)


@pytest.mark.parametrize("spread", [0.02, 0.1, 0.25])
def test_between_rounds_the_chance_to_win_a_batch_spreads_as_said(spread: float) -> None:
    world = World(between_rounds=spread)
    shares = np.random.default_rng(2).standard_normal(200_000) * world.round_spread / world.spread
    chances = np.array([NormalDist().cdf(one) for one in shares])
    assert chances.std() == pytest.approx(spread, rel=0.01)


def test_batches_of_a_round_share_luck_only_where_the_world_says_so() -> None:
    def spread_of_wins(world: World) -> float:
        losses = world.draw((1.0, 1.0), 2_000, 1, 200, np.random.default_rng(3))[:, :, 0]
        return float((losses[:, 1] < losses[:, 0]).mean(axis=1).std())

    by_counting = 0.5 / 200**0.5
    assert spread_of_wins(World()) == pytest.approx(by_counting, rel=0.05)
    assert spread_of_wins(World(between_rounds=0.1)) == pytest.approx((by_counting**2 + 0.1**2) ** 0.5, rel=0.05)


def test_a_copy_differs_by_a_hair() -> None:
    original = World().draw((1.0,), 1, 1, 5_000, np.random.default_rng(4))
    ratios = np.log(copied(original, np.random.default_rng(5)) / original)
    assert ratios.std() == pytest.approx(COPY_SPREAD, rel=0.05)
    assert (copied(original, np.random.default_rng(5), 0.0) == original).all()
