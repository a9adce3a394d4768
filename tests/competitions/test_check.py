from math import inf, nan

import pytest

from competitions.check import Invalid, one_of, within


@pytest.mark.parametrize("value", [1, 1.5, 2])
def test_both_ends_of_a_range_are_within_it(value: float) -> None:
    within("key", value, 1, 2)


@pytest.mark.parametrize("value", [0.999, 2.001, nan, inf, -inf])
def test_what_lies_outside_a_range_is_refused_and_nan_does(value: float) -> None:
    with pytest.raises(Invalid, match=r"^key: found .*, allowed is 1 to 2$"):
        within("key", value, 1, 2)


def test_a_range_without_an_upper_end_says_only_the_lower() -> None:
    with pytest.raises(Invalid, match=r"^key: found 0, allowed is at least 1$"):
        within("key", 0, 1)


def test_a_choice_names_what_there_is() -> None:
    one_of("key", "a", {"a", "b"}, "a or b")
    with pytest.raises(Invalid, match=r"^key: found 'c', allowed is a or b$"):
        one_of("key", "c", {"a", "b"}, "a or b")


def test_a_refusal_within_a_table_names_the_table() -> None:
    assert str(Invalid("key", 1, "2").under("table")) == "table.key: found 1, allowed is 2"
    assert str(Invalid("", 1, "2").under("table")) == "table: found 1, allowed is 2"
