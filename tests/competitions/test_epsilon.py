from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.check import Invalid
from competitions.epsilon import Epsilon

CLASSIC = Epsilon(start=0.05, end=0.01, decay_blocks=36_000)


@pytest.mark.parametrize(
    ("age", "epsilon"),
    [(-1, 0.05), (0, 0.05), (9_000, 0.04), (18_000, 0.03), (36_000, 0.01), (36_001, 0.01), (10**9, 0.01)],
)
def test_epsilon_is_linear_in_the_age_and_then_stays_at_its_end(age: int, epsilon: float) -> None:
    assert CLASSIC.at(age) == pytest.approx(epsilon, abs=1e-12)


@given(start=st.floats(0, 0.5), end=st.floats(0, 0.5), blocks=st.integers(1, 10**6), age=st.integers(-10, 10**7))
def test_epsilon_never_grows_never_leaves_its_ends_and_ends_exactly(
    start: float, end: float, blocks: int, age: int
) -> None:
    one = Epsilon(start=max(start, end), end=min(start, end), decay_blocks=blocks)
    assert one.end <= one.at(age + 1) <= one.at(age) <= one.start + 1e-15
    assert one.at(blocks) == one.end


@pytest.mark.parametrize(
    ("start", "end", "blocks", "key"),
    [
        (0.51, 0.01, 1, "start"),
        (-0.01, 0.01, 1, "start"),
        (nan, 0.01, 1, "start"),
        (0.05, nan, 1, "end"),
        (0.05, -0.01, 1, "end"),
        (0.05, 0.06, 1, "end"),
        (0.05, 0.01, 0, "decay_blocks"),
    ],
)
def test_an_epsilon_that_cannot_be_is_refused(start: float, end: float, blocks: int, key: str) -> None:
    with pytest.raises(Invalid, match=f"^{key}: found"):
        Epsilon(start=start, end=end, decay_blocks=blocks)
