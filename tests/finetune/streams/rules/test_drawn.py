"""Drawn rules: the plainest reply that keeps one does keep it, and a small change that breaks it is seen."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from finetune.streams.draws import Draws
from finetune.streams.rules.counted import AT_LEAST, AT_MOST, CountedRule
from finetune.streams.rules.registry import MOST_TOGETHER, RULES, as_plain, compose, draw_rules


def draws(i: int) -> Draws:
    return Draws(hashlib.sha256(b"%d" % i).digest())


def fewer(rule: Any, reply: str, thing: str, instead: str = "") -> Iterator[str]:
    """The reply with one `thing` less, where no fewer than it has are allowed."""
    if rule.relation != AT_MOST:
        yield reply.replace(thing, instead, 1)


def more(rule: Any, reply: str, thing: str) -> Iterator[str]:
    """The reply with more of `thing` than any upper limit."""
    if rule.relation != AT_LEAST:
        yield reply + thing * (rule.count + 1)


# For each kind, changes of the reply that `compose` makes; each must break the rule.
SPOILED: dict[str, Callable[[Any, str], list[str]]] = {
    "length_constraints:number_words": lambda rule, reply: [
        *([" ".join(reply.split()[: rule.count - 1])] if rule.relation == AT_LEAST else []),
        *more(rule, reply, " on"),
    ],
    "length_constraints:number_sentences": lambda rule, reply: [*fewer(rule, reply, "."), *more(rule, reply, " So.")],
    "length_constraints:number_paragraphs": lambda rule, reply: [
        reply + ("\n\nSo" if rule.divider == "blank line" else "\n***\nSo"),
        reply.replace("\n\n" if rule.divider == "blank line" else "\n***\n", " ", 1),
    ],
    "length_constraints:nth_paragraph_first_word": lambda rule, reply: [
        reply + "\n\nSo",
        reply.replace("\n\n", " ", 1),
        reply.replace(rule.word.capitalize(), "So", 1),
        reply.replace(rule.word.capitalize(), "So " + rule.word, 1),
    ],
    "keywords:existence": lambda rule, reply: [reply.replace(word, word + "s") for word in rule.keywords],
    "keywords:frequency": lambda rule, reply: [
        *fewer(rule, reply, rule.word, rule.word + "s"),
        *more(rule, reply, " " + rule.word),
    ],
    "keywords:forbidden_words": lambda rule, reply: [f"{reply} ({word.upper()})" for word in rule.words],
    "keywords:letter_frequency": lambda rule, reply: [
        *([rule.letter * (rule.count - 1)] if rule.relation == AT_LEAST else []),
        *more(rule, reply, rule.letter.upper()),
    ],
    "change_case:english_lowercase": lambda rule, reply: [reply.capitalize(), reply + " A"],
    "change_case:english_capital": lambda rule, reply: [reply.capitalize(), reply + " a"],
    "change_case:capital_word_frequency": lambda rule, reply: [
        *fewer(rule, reply, "NOT", "Not"),
        *more(rule, reply, " NOT"),
    ],
    "punctuation:no_comma": lambda rule, reply: [reply.replace(" ", ", ", 1)],
    "startend:start_checker": lambda rule, reply: ["So. " + reply, '"' + reply, reply[1:], reply.swapcase()],
    "startend:end_checker": lambda rule, reply: [reply + " So.", reply + '"', reply[:-1], reply.swapcase()],
    "startend:quotation": lambda rule, reply: [reply[1:], reply[:-1], reply + " So.", "So: " + reply],
    "detectable_format:title": lambda rule, reply: [
        "So.\n" + reply,
        reply.replace("\n", " "),
        reply.replace(">>", ">"),
    ],
    "detectable_content:postscript": lambda rule, reply: [
        reply + "\nSo.",
        reply.replace("\n", " "),
        reply.replace(rule.marker, "PS"),
        reply.partition(rule.marker)[0] + rule.marker,
    ],
    "detectable_format:number_bullet_lists": lambda rule, reply: [
        reply.replace("* ", "*", 1),
        reply.replace("\n*", " *", 1),
        reply + "\n* item",
    ],
    "detectable_format:number_highlighted_sections": lambda rule, reply: [
        *fewer(rule, reply, "*this*", "this"),
        *fewer(rule, reply, "*this*", "* this *"),
        *fewer(rule, reply, "*this*", "*this"),
    ],
    "detectable_content:number_placeholders": lambda rule, reply: [
        *fewer(rule, reply, "[name]", "name"),
        *fewer(rule, reply, "[name]", "[1]"),
        *fewer(rule, reply, "[name]", "[name"),
    ],
    "detectable_format:multiple_sections": lambda rule, reply: [
        reply.replace(f"{rule.splitter} 1\n", ""),
        reply.replace(f"{rule.splitter} 1", f"{rule.splitter} 2"),
        f"{reply}\n{rule.splitter} {rule.count + 1}\nSo.",
        reply.replace("Here it is.", ""),
        reply.lower(),
    ],
    "detectable_format:json_format": lambda rule, reply: ["So: " + reply, reply[:-1], json.dumps([reply]), reply + "."],
    "detectable_format:constrained_response": lambda rule, reply: [reply + " So.", reply[:-1], reply.lower()],
    "combination:two_responses": lambda rule, reply: [
        reply.replace("******", "*****"),
        reply + "\n******\nSo.",
        reply.replace("\n", " "),
        reply.partition("\n")[0] + "\n******\n" + reply.partition("\n")[0].upper(),
    ],
}


@pytest.mark.parametrize("kind", RULES)
def test_a_reply_made_for_the_rule_keeps_it_and_a_changed_one_breaks_it(kind: str):
    for i in range(40):
        rule = RULES[kind].draw(draws(i))
        reply = compose([rule])
        assert rule.holds(reply), (rule, reply)
        changed = SPOILED[kind](rule, reply)
        assert changed or isinstance(rule, CountedRule)
        assert [text for text in changed if rule.holds(text)] == [], rule


@pytest.mark.parametrize("kind", RULES)
def test_the_reply_made_for_a_rule_is_short(kind: str):
    assert max(len(compose([RULES[kind].draw(draws(i))]).split()) for i in range(100)) <= 200


@pytest.mark.parametrize("letter", "abcdefghijklmnopqrstuvwxyz")
def test_a_reply_can_be_made_for_any_letter(letter: str):
    rule = RULES["keywords:letter_frequency"](relation=AT_LEAST, count=5, letter=letter)  # type: ignore[call-arg]
    assert rule.holds(compose([rule]))


def test_a_thousand_draws_never_change():
    drawn = [[as_plain(rule) for rule in draw_rules(draws(i), 1 + i % MOST_TOGETHER)] for i in range(1000)]
    said = [[rule.instruction() for rule in draw_rules(draws(i), 1 + i % MOST_TOGETHER)] for i in range(1000)]
    assert hashlib.sha256(json.dumps([drawn, said]).encode()).hexdigest() == (
        "effd997a761ce2a86ead54583dbca90220038dc58d270fc661f35fd3a29cd2cb"
    )


def test_every_kind_is_drawn_about_equally_often_alone():
    kinds = [draw_rules(draws(i), 1)[0].kind for i in range(2400)]
    assert all(60 < kinds.count(kind) < 140 for kind in RULES)
