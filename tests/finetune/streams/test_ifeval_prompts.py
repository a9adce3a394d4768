"""Instruction prompts: a request with the instructions of its rules, the same for every validator."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from finetune.errors import SetupError
from finetune.streams.ifeval_prompts import IfevalPrompts, is_true
from finetune.streams.rules.registry import RULES, broken, compose, make_rule
from finetune.streams.rules.rule import Rule
from finetune.streams.rules.vocabulary import AVOIDED
from finetune.streams.sample import InstructionSample, Message
from tests.finetune.streams.generated import digest, seeds, shared
from tests.finetune.streams.hostile import hostile

NO_COMMA = make_rule("punctuation:no_comma", {})
CAPITALS = make_rule("change_case:english_capital", {})
SMALL = make_rule("change_case:english_lowercase", {})
EASY = ["punctuation:no_comma", "change_case:english_capital", "change_case:english_lowercase"]
PROMPT = (
    "Describe lighthouses to Abel, a judge.\n\nWhat I ask of the reply:\n"
    "1. Do not use any commas.\n2. Write the whole reply in capital letters: no small letter may occur."
)
DOCUMENT = (
    "description | lighthouses | Abel | a judge | Do not use any commas. | "
    "Write the whole reply in capital letters: no small letter may occur."
)


def asking(prompt: str, *rules: Rule, document: str = DOCUMENT) -> InstructionSample:
    return InstructionSample(messages=(Message(role="user", content=prompt),), rules=rules, document=document)


def samples(count: int, **options: Any) -> list[InstructionSample]:
    return [IfevalPrompts(**options).draw(seed) for seed in seeds(count)]


def test_a_hundred_samples_never_change():
    assert digest(samples(100)) == "83441492a0aafbf8fa08b827e52b24d5eea54fbc21b091c82c7880a9ab6da14f"


def test_a_prompt_with_the_instructions_of_its_rules_is_true():
    assert is_true(asking(PROMPT, NO_COMMA, CAPITALS))


@pytest.mark.parametrize(
    "sample",
    [
        asking(PROMPT, CAPITALS, NO_COMMA),
        asking(PROMPT, NO_COMMA),
        asking(PROMPT, CAPITALS),
        asking(PROMPT, NO_COMMA, SMALL),
        asking(PROMPT, NO_COMMA, CAPITALS, SMALL),
        asking(PROMPT, NO_COMMA, NO_COMMA, CAPITALS),
        asking(PROMPT, NO_COMMA, CAPITALS, document=DOCUMENT[:-1]),
        asking(PROMPT + "\n3. Be brief.", NO_COMMA, CAPITALS),
        asking(PROMPT.replace("1. ", ""), NO_COMMA, CAPITALS),
        asking(PROMPT.replace("any commas", "any comma"), NO_COMMA, CAPITALS),
        asking(PROMPT.replace("lighthouses", "the sea"), NO_COMMA, CAPITALS),
        asking(PROMPT[:40] + "\0", NO_COMMA, CAPITALS),
        asking("Describe lighthouses to Abel, a judge. \0", NO_COMMA, CAPITALS),
    ],
)
def test_other_rules_or_other_instructions_or_another_order_are_untrue(sample: InstructionSample):
    assert not is_true(sample)


def test_two_rules_of_one_kind_or_rules_at_odds_are_untrue():
    first, second = (make_rule("keywords:existence", {"keywords": [word]}) for word in ("lamp", "moon"))
    for rules in ((first, second), (CAPITALS, SMALL)):
        said = [rule.instruction() for rule in rules]
        document = " | ".join(["description | lighthouses | Abel | a judge", *sorted(said)])
        prompt = "Describe lighthouses to Abel, a judge. "
        assert not is_true(asking(prompt + " ".join(said), *rules, document=document))
        alone = document.replace(" | " + said[1], "")
        assert is_true(asking(prompt + said[0], rules[0], document=alone))


@pytest.mark.parametrize("options", [{}, {"min_rules": 6, "max_rules": 6}, {"kinds": EASY, "max_rules": 2}])
def test_every_truth_is_accepted(options: dict[str, Any]):
    drawn = samples(300 if options else 1000, **options)
    assert all(map(is_true, drawn))
    for sample in drawn:
        assert all(rule.instruction() in sample.messages[0].content for rule in sample.rules)
        assert broken(sample.rules, compose(sample.rules)) == 0


def test_a_dropped_added_or_changed_rule_is_rejected():
    for sample, other in pairwise(samples(300)):
        assert not is_true(replace(sample, rules=sample.rules[1:]))
        assert not is_true(replace(sample, rules=(*sample.rules, *other.rules)))
        if sample.rules[-1] != other.rules[0]:
            assert not is_true(replace(sample, rules=(*sample.rules[:-1], other.rules[0])))
        assert not is_true(replace(sample, messages=other.messages))
        assert not is_true(replace(sample, document=other.document))
        if len(sample.rules) > 1:
            assert not is_true(replace(sample, rules=sample.rules[::-1]))


def test_the_number_of_rules_covers_its_range_and_no_more():
    counts = Counter(len(sample.rules) for sample in samples(300, min_rules=2, max_rules=4))
    assert set(counts) == {2, 3, 4}
    assert min(counts.values()) > 70


def test_rules_of_every_kind_are_drawn_unless_kinds_are_named():
    assert {rule.kind for sample in samples(1500) for rule in sample.rules} == set(RULES)
    assert {rule.kind for sample in samples(100, kinds=EASY, max_rules=2) for rule in sample.rules} == set(EASY)


def test_a_fixed_set_of_answers_is_asked_for_where_there_is_something_to_answer():
    for sample in samples(600, kinds=["detectable_format:constrained_response"], max_rules=1):
        assert sample.document.startswith("opinion | ")
        assert "?" in sample.messages[0].content


def test_the_same_request_in_other_ways_is_one_document():
    task, rules = PROMPT.split("\n\nWhat I ask of the reply:\n")
    first, second = (rule[3:] for rule in rules.split("\n"))
    assert is_true(asking(f"{task} Please mind this: {first} {second}", NO_COMMA, CAPITALS))
    assert is_true(asking(f"How to reply: {second} {first}\n\nWhat to write: {task}", CAPITALS, NO_COMMA))


def test_no_request_says_a_word_that_a_rule_may_forbid():
    for sample in samples(2000, kinds=["punctuation:no_comma"], max_rules=1):
        request = sample.messages[0].content.replace(NO_COMMA.instruction(), "")
        topic, reader = sample.document.split(" | ")[1::2][:2]
        assert topic in request
        assert set((topic + " " + reader).split()).isdisjoint(AVOIDED)


def test_prompts_are_short():
    sizes = [len(sample.messages[0].content.encode()) for sample in samples(2000)]
    assert sum(sizes) / len(sizes) < 300
    assert max(sizes) <= 560


def test_seeds_share_next_to_nothing():
    assert shared(IfevalPrompts()) <= 0.001


def test_a_sample_depends_on_its_seed_alone():
    stream = IfevalPrompts()
    forward = [stream.draw(seed) for seed in seeds(20)]
    assert [IfevalPrompts().draw(seed) for seed in reversed(seeds(20))] == forward[::-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_rules": 0}, "stream ifeval_prompts: min_rules must be a whole number from 1 to 6; found 0"),
        ({"min_rules": 4}, "max_rules must be a whole number from 4 to 6; found 3"),
        ({"max_rules": 7}, "found 7"),
        ({"kinds": EASY}, "max_rules must be a whole number from 1 to 2; found 3"),
        ({"kinds": "punctuation:no_comma"}, "kinds must be a list of names of rules; found 'punctuation:no_comma'"),
        ({"kinds": 7}, "kinds must be a list of names of rules; found 7"),
        ({"kinds": ["no_comma"]}, "stream ifeval_prompts: kinds: no rule is called 'no_comma'; there are "),
        ({"kinds": [[]]}, r"kinds: no rule is called \[\]"),
    ],
)
def test_a_wrong_option_is_refused(options: dict[str, Any], said: str):
    with pytest.raises(SetupError, match=said):
        IfevalPrompts(**options)


def test_hostile_samples_are_not_true():
    assert not any(map(is_true, hostile()))
