"""Each rule, by example: the replies that keep it and those that break it."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from finetune.streams.rules.registry import RULES, make_rule

Case = tuple[str, dict[str, Any], Sequence[str], Sequence[str]]

CASES: Sequence[Case] = [
    (
        "length_constraints:number_words",
        {"relation": "at least", "count": 3},
        ["one two three", "it's a well-known song"],
        ["one two", "it's well-known", "one - * two"],
    ),
    ("length_constraints:number_words", {"relation": "at most", "count": 2}, ["one", "one, two!"], ["one two three"]),
    ("length_constraints:number_words", {"relation": "exactly", "count": 2}, ["a b"], ["a", "a b c"]),
    (
        "length_constraints:number_sentences",
        {"relation": "at least", "count": 2},
        ["One. Two!", "Is it? It is. Good."],
        ["One, two", "Dr. No came.", "One. Two"],
    ),
    (
        "length_constraints:number_paragraphs",
        {"count": 2, "divider": "blank line"},
        ["one\n\ntwo", "one\nmore\n \n\ntwo\n"],
        ["one\ntwo", "one\n***\ntwo", "one\n\ntwo\n\nthree"],
    ),
    (
        "length_constraints:number_paragraphs",
        {"count": 2, "divider": "***"},
        ["one\n***\ntwo", "one\n\n***\n\ntwo\n\nmore\n"],
        ["one\n\ntwo", "one *** two", "one\n***\ntwo\n***\nthree", "one\n***\n"],
    ),
    (
        "length_constraints:nth_paragraph_first_word",
        {"count": 2, "nth": 2, "word": "then"},
        ["one\n\nThen two", 'one\n\n"THEN" two', "then\n\n**then** two"],
        ["then one\n\ntwo", "one\n\nthenceforth two", "one\n\nthen two\n\nthree", "one", "one\n\nand then"],
    ),
    (
        "keywords:existence",
        {"keywords": ["art", "sun"]},
        ["art sun", "The sun is art.", "SUN-dried ART!", "the art's sun"],
        ["Start in the sun", "art", "sunny art"],
    ),
    (
        "keywords:frequency",
        {"relation": "exactly", "count": 2, "word": "art"},
        ["Art is art.", "art\nstart ART"],
        ["art", "art art art", "art start", "art arts"],
    ),
    ("keywords:frequency", {"relation": "at least", "count": 2, "word": "art"}, ["art art art"], ["art start"]),
    (
        "keywords:forbidden_words",
        {"words": ["art", "sun"]},
        ["Start on Sunday.", "arts"],
        ["art", "ART!", "the sun's", "state-of-the-art"],
    ),
    (
        "keywords:letter_frequency",
        {"relation": "at least", "count": 3, "letter": "e"},
        ["eEe", "the elm tree"],
        ["e e", "élan eel"],
    ),
    ("keywords:letter_frequency", {"relation": "at most", "count": 1, "letter": "e"}, ["a", "be"], ["Eve"]),
    ("change_case:english_lowercase", {}, ["all small, 1 2", "été"], ["One", "oNe", "123", "Été"]),
    ("change_case:english_capital", {}, ["ALL LARGE, 1 2", "ÉTÉ"], ["ONe", "one", "123", "ÉTé"]),
    (
        "change_case:capital_word_frequency",
        {"relation": "exactly", "count": 2},
        ["GO now, I SAID", "*GO* A-OK", "GO, GO"],
        ["I am A man", "GO", "GO GO GO", "Go NoW IT"],
    ),
    ("punctuation:no_comma", {}, ["one; two"], ["one, two", "1,000", "one\uff0ctwo", "one\u3001two", "one\u060ctwo"]),
    (
        "startend:start_checker",
        {"phrase": "In short"},
        ["In short: yes", " \nIn short", "In short\nyes"],
        ["in short", "Well. In short", '"In short"', "In shorts", "In", "In  short"],
    ),
    (
        "startend:end_checker",
        {"phrase": "So it ends."},
        ["Yes. So it ends.", "So it ends. \n", "(So it ends."],
        ["so it ends.", "So it ends", "So it ends. Bye", "AlSo it ends.", "So it ends.)"],
    ),
    (
        "startend:quotation",
        {},
        ['"yes"', ' "one "two" three"\n', "\u201cyes\u201d"],
        ["yes", '"yes', 'yes"', '"', '""', "'yes'", '"one" two'],
    ),
    (
        "detectable_format:title",
        {},
        ["<<On Snow>>\ntext", "\n## **<<On Snow>>**\n\ntext", "<<On Snow>>"],
        [
            "text\n<<On Snow>>",
            "<<On Snow>> text",
            "<On Snow>",
            "<<>>\ntext",
            "<< >>",
            "<<a>b>>",
            "<<a\n>>",
            "<<",
            "<<<a>>",
        ],
    ),
    (
        "detectable_content:postscript",
        {"marker": "P.S."},
        ["text\nP.S. more", "text\n\n**P.S.** more\n", "text\nP.S.more"],
        [
            "P.S. more",
            "text P.S. more",
            "text\nP.S. more\n\ntext",
            "text\nP.S.",
            "text\np.s. more",
            "text\nP.P.S. more",
        ],
    ),
    (
        "detectable_format:number_bullet_lists",
        {"relation": "exactly", "count": 2},
        ["* a\n* b", "Two:\n- a\n  + b\nend", '"* a\n* b"', "\u2022 a\n\u2022 b"],
        ["* a", "* a\n* b\n* c", "*a\n*b", "**a** x\n**b** y", "* a\n- - -\n* *", "1. a\n2. b", "x * a\ny * b"],
    ),
    (
        "detectable_format:number_highlighted_sections",
        {"relation": "exactly", "count": 2},
        ["*a* and *b c*", "**a** *b*", "* *a*\n* ***b***", '(*a*), "*b*".', "*a 2*3 b* *c*", "*a* ** *b*"],
        [
            "*a*",
            "*a* *b* *c*",
            "* a\n* b\n* c",
            "2*3*4*5*6",
            "*a\nb* *c*",
            "** * ***",
            "*a * b *",
            "* a* *b*",
            "****a**** ****b****",
        ],
    ),
    (
        "detectable_content:number_placeholders",
        {"relation": "exactly", "count": 2},
        ["[name] [your town]", "[[a] b] [c]", "[a][b] [1] [ ]"],
        ["[name]", "[a] [b] [c]", "[a](http://x) [b]", "[a\nb] [c]", "[] []", "a] [b"],
    ),
    (
        "detectable_format:multiple_sections",
        {"count": 2, "splitter": "PART"},
        ["PART 1\na\nPART 2\nb", "intro\n\n## **PART 1: Why**\n\na\n\n# PART 2.\nb\n", '"PART 1\na\n\nPART 2\nb"'],
        [
            "PART 1\na",
            "PART 1\na\nPART 2\n",
            "PART 2\na\nPART 1\nb",
            "PART 1\na\nPART 2\nb\nPART 3\nc",
            "PART 1\na\nPART 1\nb",
            "PART 1 a PART 2 b",
            "Part 1\na\nPart 2\nb",
            "STEP 1\na\nSTEP 2\nb",
            "PART 11\na\nPART 2\nb",
            "PART one\na\nPART two\nb",
        ],
    ),
    (
        "detectable_format:json_format",
        {},
        ['{"a": [1, "b"]}', ' \n{"a": 1}\n', '```json\n{"a": 1}\n```', '\n```\n{"a": 1}``` '],
        [
            "1",
            '"a"',
            "[1]",
            "{a: 1}",
            '{"a": NaN}',
            '{"a": -Infinity}',
            'Here: {"a": 1}',
            '```json\n{"a": 1}',
            '{"a": 1} b',
        ],
    ),
    (
        "detectable_format:constrained_response",
        {"answers": ["Yes.", "No."]},
        ["Yes.", " No.\n"],
        ["yes.", "Yes", "Yes. No.", "I say: Yes.", "Maybe."],
    ),
    (
        "combination:two_responses",
        {},
        ["one\n******\ntwo", "one\n\n ****** \n\ntwo\n\nmore\n"],
        ["one", "one ****** two", "one\n******\n One! ", "one\n******\n", "a\n******\nb\n******\nc", "one\n*****\ntwo"],
    ),
]


@pytest.mark.parametrize(("kind", "options", "keeping", "breaking"), CASES)
def test_a_reply_keeps_or_breaks_the_rule(
    kind: str, options: dict[str, Any], keeping: Sequence[str], breaking: Sequence[str]
):
    rule = make_rule(kind, options)
    assert [reply for reply in keeping if not rule.holds(reply)] == []
    assert [reply for reply in breaking if rule.holds(reply)] == []


def test_every_kind_has_such_a_case():
    assert {case[0] for case in CASES} == set(RULES)


def test_only_the_relation_asked_for_counts():
    def holds(relation: str, count: int) -> bool:
        return make_rule("length_constraints:number_words", {"relation": relation, "count": count}).holds(
            "one two three"
        )

    assert [holds("at least", count) for count in (2, 3, 4)] == [True, True, False]
    assert [holds("at most", count) for count in (2, 3, 4)] == [False, True, True]
    assert [holds("exactly", count) for count in (2, 3, 4)] == [False, True, False]


def test_json_nested_too_deep_to_read_breaks_the_rule():
    rule = make_rule("detectable_format:json_format", {})
    assert rule.holds('{"a":' * 10 + "1" + "}" * 10)
    assert not rule.holds('{"a":' * 100_000 + "1" + "}" * 100_000)
    assert not rule.holds(json.dumps({"a": 1})[:-2] + "1" * 100_000 + "}")
