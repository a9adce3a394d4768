"""Rules from plain values: the same rule comes back, and a wrong value is one sentence that says what is allowed."""

import hashlib
import json
from typing import Any

import pytest

from finetune.streams.draws import Draws
from finetune.streams.rules.registry import RULES, as_plain, broken, make_rule

WORDS = "length_constraints:number_words"
EXISTENCE = "keywords:existence"
NTH = "length_constraints:nth_paragraph_first_word"
ANSWERS = "detectable_format:constrained_response"
END = "startend:end_checker"
SECTIONS = "detectable_format:multiple_sections"


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("kind", RULES)
def test_a_rule_travels_as_json(kind: str):
    for i in range(10):
        rule = RULES[kind].draw(Draws(hashlib.sha256(b"%d" % i).digest()))
        plain = json.loads(json.dumps(as_plain(rule)))
        assert plain["kind"] == kind
        assert make_rule(**plain) == rule


def test_the_kinds_never_change_their_names():
    assert list(RULES) == [
        "length_constraints:number_words",
        "length_constraints:number_sentences",
        "length_constraints:number_paragraphs",
        "length_constraints:nth_paragraph_first_word",
        "keywords:existence",
        "keywords:frequency",
        "keywords:forbidden_words",
        "keywords:letter_frequency",
        "change_case:english_lowercase",
        "change_case:english_capital",
        "change_case:capital_word_frequency",
        "punctuation:no_comma",
        "startend:start_checker",
        "startend:end_checker",
        "startend:quotation",
        "detectable_format:title",
        "detectable_content:postscript",
        "detectable_format:number_bullet_lists",
        "detectable_format:number_highlighted_sections",
        "detectable_content:number_placeholders",
        "detectable_format:multiple_sections",
        "detectable_format:json_format",
        "detectable_format:constrained_response",
        "combination:two_responses",
    ]


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("keywords", {}, "no rule is called 'keywords'; there are length_constraints:number_words, "),
        (["keywords"], {}, r"no rule is called \['keywords'\]"),
        (None, {}, "no rule is called None"),
        (WORDS, None, f"rule {WORDS}: options must be a mapping of names to values; found None"),
        (WORDS, [1], r"must be a mapping of names to values; found \[1\]"),
        (WORDS, {"relation": "at least"}, f"rule {WORDS} needs the option 'count'"),
        (
            WORDS,
            {"relation": "at least", "count": 1, "n": 1},
            f"rule {WORDS} has no option 'n'; it has relation, count",
        ),
        (WORDS, {7: 1}, "has no option 7"),
        ("punctuation:no_comma", {"n": 1}, "has no option 'n'; it has none"),
        (
            WORDS,
            {"relation": "about", "count": 1},
            "relation must be one of 'at least', 'at most', 'exactly'; found 'about'",
        ),
        (WORDS, {"relation": [], "count": 1}, r"relation must be one of .*; found \(\)"),
        (
            WORDS,
            {"relation": "at most", "count": 0},
            f"rule {WORDS}: count must be a whole number from 1 to 1000; found 0",
        ),
        (WORDS, {"relation": "at most", "count": 1001}, "found 1001"),
        (WORDS, {"relation": "at most", "count": True}, "found True"),
        (WORDS, {"relation": "at most", "count": 2.0}, "found 2.0"),
        (WORDS, {"relation": "at most", "count": "x" * 10_000}, "found 'x{5,20}\\.\\.\\."),
        (WORDS, {"relation": "at most", "count": nested(100_000)}, r"found \(\[\[\["),
        (NTH, {"count": 3, "nth": 4, "word": "then"}, "nth must be a whole number from 1 to 3; found 4"),
        (NTH, {"count": 3, "nth": 0, "word": "then"}, "found 0"),
        (NTH, {"count": 1, "nth": 1, "word": "then"}, "count must be a whole number from 2 to 20; found 1"),
        (
            NTH,
            {"count": 3, "nth": 1, "word": "Then"},
            "word must be a word of 2 to 20 letters from a to z; found 'Then'",
        ),
        (NTH, {"count": 3, "nth": 1, "word": "then\n"}, "found"),
        ("keywords:frequency", {"relation": "exactly", "count": 2, "word": "a b"}, "found 'a b'"),
        (
            "keywords:letter_frequency",
            {"relation": "exactly", "count": 2, "letter": "ee"},
            "letter must be one of 'a', ",
        ),
        (EXISTENCE, {"keywords": []}, "keywords must be 1 to 20 different words of 2 to 20 letters from a to z; found"),
        (EXISTENCE, {"keywords": "sun"}, "found 'sun'"),
        (EXISTENCE, {"keywords": ["sun", "sun"]}, r"found \('sun', 'sun'\)"),
        (EXISTENCE, {"keywords": ["sun", 7]}, "found"),
        (EXISTENCE, {"keywords": ["sun", []]}, "found"),
        (EXISTENCE, {"keywords": [chr(97 + i) * 2 for i in range(21)]}, "found"),
        ("keywords:forbidden_words", {"words": ["it's"]}, "words must be 1 to 20 different words"),
        (END, {"phrase": "..."}, "phrase must be one line of at most 200 characters, with a word in it; found '...'"),
        (END, {"phrase": "a\nb"}, "found"),
        (END, {"phrase": " a"}, "found ' a'"),
        (END, {"phrase": ""}, "found ''"),
        (END, {"phrase": "a" * 201}, "found"),
        (END, {"phrase": 7}, "found 7"),
        ("startend:start_checker", {"phrase": "a\u2028b"}, "found"),
        (ANSWERS, {"answers": ["Yes."]}, "answers must be 2 to 20 different lines of at most 200 characters"),
        (ANSWERS, {"answers": ["Yes.", "Yes."]}, "found"),
        (ANSWERS, {"answers": ["Yes.", "No. "]}, "found"),
        (ANSWERS, {"answers": [f"Answer {i}" for i in range(21)]}, "found"),
        ("detectable_content:postscript", {"marker": "PS"}, r"marker must be one of 'P\.S\.', 'P\.P\.S\.'; found 'PS'"),
        (
            "detectable_format:multiple_sections",
            {"count": 1, "splitter": "PART"},
            "count must be a whole number from 2 to",
        ),
        (
            "detectable_format:multiple_sections",
            {"count": 2, "splitter": "part"},
            "splitter must be one of 'SECTION', ",
        ),
        (
            "length_constraints:number_paragraphs",
            {"count": 21, "divider": "***"},
            "count must be a whole number from 2 to",
        ),
        (SECTIONS, {"count": 21, "splitter": "PART"}, "count must be a whole number from 2 to 20; found 21"),
        ("length_constraints:number_paragraphs", {"count": 2, "divider": ""}, "divider must be one of 'blank line', '"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(kind: Any, options: Any, said: str):
    with pytest.raises(ValueError, match=said):
        make_rule(kind, options)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (WORDS, {"relation": "at most", "count": 1000}),
        (NTH, {"count": 20, "nth": 20, "word": "a" * 20}),
        (EXISTENCE, {"keywords": ["sun"]}),
        (EXISTENCE, {"keywords": [chr(97 + i) * 2 for i in range(20)]}),
        (END, {"phrase": "a" * 200}),
        (ANSWERS, {"answers": ["Yes.", "No."]}),
        (ANSWERS, {"answers": [f"Answer {i}" for i in range(20)]}),
        (SECTIONS, {"count": 20, "splitter": "PART"}),
    ],
)
def test_the_largest_and_smallest_values_are_allowed(kind: str, options: dict[str, Any]):
    assert as_plain(make_rule(kind, options)) == {"kind": kind, "options": options}


def test_the_broken_rules_are_counted():
    rules = [make_rule("punctuation:no_comma", {}), make_rule("change_case:english_lowercase", {})]
    assert [broken(rules, reply) for reply in ("one two", "One two", "One, two")] == [0, 1, 2]


@pytest.mark.parametrize("reply", ["", " \n\t", "...", "***\n***"])
def test_a_reply_without_a_word_breaks_every_rule(reply: str):
    rules = [rule.draw(Draws(bytes(32))) for rule in RULES.values()]
    assert broken(rules, reply) == len(rules)
    assert broken([make_rule("punctuation:no_comma", {})], reply) == 1
