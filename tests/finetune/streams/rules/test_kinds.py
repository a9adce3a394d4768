"""Rules drawn from some kinds only: none but these, and never more than go together."""

import hashlib
import json
from typing import Any

import pytest

from finetune.streams.draws import Draws
from finetune.streams.rules.registry import (
    MOST_TOGETHER,
    RULES,
    as_plain,
    broken,
    compose,
    draw_rules,
    most_together,
)

EASY = ("change_case:english_lowercase", "punctuation:no_comma", "length_constraints:number_words")
ANSWERS = "detectable_format:constrained_response"
JSON = "detectable_format:json_format"


def draws(i: int) -> Draws:
    return Draws(hashlib.sha256(str(i).encode()).digest())


def test_what_is_drawn_from_all_kinds_never_changes():
    plain = [[as_plain(rule) for rule in draw_rules(draws(i), 1 + i % MOST_TOGETHER)] for i in range(200)]
    assert (
        hashlib.sha256(json.dumps(plain).encode()).hexdigest()
        == "202b4a6fbf5c68c62dda63b449f22d77302518d014860624a902d76147939b1e"
    )


@pytest.mark.parametrize("count", [1, 2, 3])
def test_rules_of_the_named_kinds_alone_are_drawn(count: int):
    sets = [draw_rules(draws(i), count, EASY) for i in range(100)]
    assert {rule.kind for rules in sets for rule in rules} == set(EASY)
    assert all(len({rule.kind for rule in rules}) == count for rules in sets)
    assert not any(broken(rules, compose(rules)) for rules in sets)


def test_the_order_of_the_named_kinds_changes_nothing():
    for i in range(50):
        assert draw_rules(draws(i), 2, EASY) == draw_rules(draws(i), 2, EASY[::-1])


@pytest.mark.parametrize(
    ("kinds", "most"),
    [
        ((), MOST_TOGETHER),
        (tuple(RULES), MOST_TOGETHER),
        (EASY, 3),
        ((ANSWERS,), 1),
        ((ANSWERS, *EASY), 3),
        ((JSON, "startend:quotation", "detectable_format:title"), 1),
        ((JSON, "keywords:existence", "keywords:forbidden_words", "startend:quotation"), 3),
        ((*EASY, EASY[0]), 3),
    ],
)
def test_as_many_kinds_are_drawn_together_as_go_together(kinds: tuple[str, ...], most: int):
    assert most_together(kinds) == most
    assert len(draw_rules(draws(0), most, kinds)) == most
    for count in (0, most + 1):
        with pytest.raises(ValueError, match=f"1 to {most} rules can be drawn together; asked for {count}"):
            draw_rules(draws(0), count, kinds)


@pytest.mark.parametrize("kinds", [("keywords",), (*EASY, ["keywords"]), (None,)])
def test_an_unknown_kind_is_refused_with_the_kinds_there_are(kinds: Any):
    with pytest.raises(ValueError, match=r"no rule is called .*; there are length_constraints:number_words, "):
        draw_rules(draws(0), 1, kinds)
