"""What counts as the same text."""

import pytest

from finetune.generating.duplicates import Seen
from tests.finetune.generating.made import passage


@pytest.mark.parametrize(
    "like",
    [
        passage(1),
        passage(1).upper(),
        "  " + passage(1).replace(" ", "\n") + "!!",
        passage(1).replace("lanterns", "lantern"),
        passage(1) + " Indeed.",
    ],
)
def test_a_text_that_is_nearly_the_same_is_a_duplicate(like):
    seen = Seen()
    assert seen.add(passage(1))
    assert not seen.add(like)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (passage(1), passage(2)),
        ("What is the default of the option alpha?\n12", "What is the default of the option beta?\n70"),
        ("", "a"),
        ("+", "-"),
        ("\u4f60\u597d\u5417", "\u518d\u89c1\u4e86"),
    ],
)
def test_a_text_that_says_something_else_is_none(one, other):
    seen = Seen()
    assert seen.add(one)
    assert seen.add(other)
    assert not seen.add(one)


def test_memory_is_bounded_and_the_oldest_text_is_forgotten_first():
    seen = Seen(most=3)
    for number in range(100):
        assert seen.add(passage(number))
    assert not seen.add(passage(99))
    assert not seen.add(passage(97))
    assert len(seen._sketches) == len(seen._order) == 3
    assert len(seen._bands) <= 3 * 12
    assert seen.add(passage(1))
