from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest

from competitions.check import Invalid, within
from competitions.tables import from_table


@dataclass(frozen=True, kw_only=True)
class Inner:
    number: int = 1

    def __post_init__(self) -> None:
        within("number", self.number, 0, 9)


@dataclass(frozen=True, kw_only=True)
class Outer:
    name: str
    share: float = 0.5
    flag: bool = False
    kind: Literal["a", "b"] = "a"
    maybe: int | None = None
    words: tuple[str, ...] = ()
    inner: Inner = Inner()
    inners: tuple[Inner, ...] = ()
    free: Mapping[str, object] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


def test_a_full_table_becomes_the_value_that_its_fields_declare() -> None:
    table = {
        "name": "x",
        "share": 1,
        "flag": True,
        "kind": "b",
        "maybe": 3,
        "words": ["v", "w"],
        "inner": {"number": 2},
        "inners": [{"number": 3}, {}],
        "free": {"anything": [1, {"at": "all"}]},
        "counts": {"n": 4},
    }
    assert from_table(Outer, table) == Outer(
        name="x",
        share=1.0,
        flag=True,
        kind="b",
        maybe=3,
        words=("v", "w"),
        inner=Inner(number=2),
        inners=(Inner(number=3), Inner()),
        free={"anything": [1, {"at": "all"}]},
        counts={"n": 4},
    )


def test_what_a_table_leaves_out_has_its_default() -> None:
    assert from_table(Outer, {"name": "x"}) == Outer(name="x")
    assert from_table(Outer, {"name": "x", "maybe": None}).maybe is None


def test_a_whole_number_for_a_share_becomes_a_float() -> None:
    assert type(from_table(Outer, {"name": "x", "share": 1}).share) is float


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 1}, "name: found 1, allowed is a text in quotes"),
        ({"name": ["x"]}, "name: found ['x'], allowed is a text in quotes"),
        ({"share": True}, "share: found True, allowed is a number"),
        ({"share": "0.5"}, "share: found '0.5', allowed is a number"),
        ({"flag": 1}, "flag: found 1, allowed is true or false"),
        ({"kind": "c"}, "kind: found 'c', allowed is one of 'a', 'b'"),
        ({"kind": ["a"]}, "kind: found ['a'], allowed is one of 'a', 'b'"),
        ({"maybe": False}, "maybe: found False, allowed is a whole number"),
        ({"maybe": 1.0}, "maybe: found 1.0, allowed is a whole number"),
        ({"maybe": 1 << 64}, "maybe: found 'a number of 65 bits', allowed is at most 63 bits and a sign"),
        ({"share": 10**400}, "share: found 'a number of 1329 bits', allowed is at most 63 bits and a sign"),
        ({"words": "vw"}, "words: found 'vw', allowed is a list in [ ]"),
        ({"words": ["v", 2]}, "words[1]: found 2, allowed is a text in quotes"),
        ({"inner": 1}, "inner: found 1, allowed is a table with number"),
        ({"inner": {"number": 10}}, "inner.number: found 10, allowed is 0 to 9"),
        ({"inner": {"numbre": 1}}, "inner.numbre: found 1, allowed is no such key; there are number"),
        ({"inners": {"number": 1}}, "inners: found {'number': 1}, allowed is a list in [ ]"),
        ({"inners": [{}, {"number": True}]}, "inners[1].number: found True, allowed is a whole number"),
        ({"inners": [{"number": -1}]}, "inners[0].number: found -1, allowed is 0 to 9"),
        ({"free": [1]}, "free: found [1], allowed is a table"),
        ({"counts": {"n": "4"}}, "counts.n: found '4', allowed is a whole number"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path_what_was_found_and_what_is_allowed(
    change: dict[str, object], message: str
) -> None:
    with pytest.raises(Invalid) as caught:
        from_table(Outer, {"name": "x", **change})
    assert str(caught.value) == message


def test_a_missing_key_is_refused() -> None:
    with pytest.raises(Invalid, match=r"^name: found None, allowed is a value: this key has no default$"):
        from_table(Outer, {})
