"""What a rule says: every value of it, in one sentence."""

import hashlib

import pytest

from finetune.streams.draws import Draws
from finetune.streams.rules.registry import RULES, make_rule


@pytest.mark.parametrize("kind", RULES)
def test_an_instruction_names_every_value_and_is_one_line(kind: str):
    for i in range(30):
        rule = RULES[kind].draw(Draws(hashlib.sha256(b"%d" % i).digest()))
        text = rule.instruction()
        for value in vars(rule).values():
            named = value if isinstance(value, tuple) else (value,)
            assert all(str(part) in text for part in named)
        assert "\n" not in text
        assert not {"{", "}"} & set(text)


@pytest.mark.parametrize(("count", "said"), [(1, "at least 1 bullet point,"), (2, "at least 2 bullet points,")])
def test_one_is_singular(count: int, said: str):
    rule = make_rule("detectable_format:number_bullet_lists", {"relation": "at least", "count": count})
    assert said in rule.instruction()


def test_a_value_with_braces_is_said_as_it_stands():
    assert "{count} {0}" in make_rule("startend:end_checker", {"phrase": "{count} {0} a"}).instruction()
