"""Rules drawn together: for every set there is a reply that keeps them all."""

import hashlib
from itertools import combinations

import pytest

from finetune.streams.draws import Draws
from finetune.streams.rules.conflicts import at_odds
from finetune.streams.rules.counting import bare_words
from finetune.streams.rules.draft import Draft
from finetune.streams.rules.ends import CLOSINGS, MARKERS, OPENINGS
from finetune.streams.rules.registry import MOST_TOGETHER, RULES, broken, compose, draw_rules
from finetune.streams.rules.vocabulary import AVOIDED, FIRST_WORDS, KEYWORDS, REPEATED

PAIRS = list(combinations(RULES.values(), 2))
ALLOWED = [pair for pair in PAIRS if not at_odds(*pair)]


def draws(text: str) -> Draws:
    return Draws(hashlib.sha256(text.encode()).digest())


def test_every_pair_that_may_be_drawn_can_be_kept_by_one_reply():
    for one, other in ALLOWED:
        for i in range(12):
            rules = [kind.draw(draws(f"{kind.kind} {i}")) for kind in (one, other)]
            for ordered in (rules, rules[::-1]):
                reply = compose(ordered)
                assert broken(rules, reply) == 0, (rules, reply)


@pytest.mark.parametrize("count", range(1, MOST_TOGETHER + 1))
def test_every_drawn_set_can_be_kept_by_one_short_reply(count: int):
    for i in range(500):
        rules = draw_rules(draws(f"{count} {i}"), count)
        reply = compose(rules)
        assert len({rule.kind for rule in rules}) == len(rules) == count
        assert broken(rules, reply) == 0, (rules, reply)
        assert len(reply.split()) <= 250


def test_every_kind_but_the_one_that_stands_alone_is_drawn_with_others():
    kinds = {rule.kind for i in range(500) for rule in draw_rules(draws(str(i)), 3)}
    assert set(RULES) - kinds == {"detectable_format:constrained_response"}


def test_every_allowed_pair_is_drawn():
    drawn = {
        frozenset(pair)
        for i in range(1500)
        for pair in combinations((type(rule) for rule in draw_rules(draws(str(i)), 4)), 2)
    }
    assert {frozenset(pair) for pair in ALLOWED} == drawn


def test_conflicts_are_mutual_and_a_kind_is_at_odds_with_itself():
    assert all(at_odds(one, other) == at_odds(other, one) for one, other in PAIRS)
    assert all(at_odds(kind, kind) for kind in RULES.values())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("change_case:english_lowercase", "change_case:english_capital"),
        ("change_case:english_lowercase", "change_case:capital_word_frequency"),
        ("change_case:english_lowercase", "detectable_content:postscript"),
        ("change_case:english_lowercase", "detectable_format:multiple_sections"),
        ("change_case:english_capital", "startend:end_checker"),
        ("startend:quotation", "startend:start_checker"),
        ("startend:quotation", "startend:end_checker"),
        ("startend:end_checker", "detectable_content:postscript"),
        ("detectable_format:title", "startend:start_checker"),
        ("combination:two_responses", "length_constraints:number_paragraphs"),
        ("length_constraints:number_paragraphs", "length_constraints:nth_paragraph_first_word"),
        ("length_constraints:number_paragraphs", "detectable_format:number_bullet_lists"),
        ("keywords:frequency", "keywords:letter_frequency"),
        ("detectable_format:json_format", "punctuation:no_comma"),
        ("detectable_format:json_format", "startend:quotation"),
        ("detectable_format:constrained_response", "punctuation:no_comma"),
    ],
)
def test_rules_that_no_reply_keeps_together_are_at_odds(one: str, other: str):
    assert at_odds(RULES[one], RULES[other])


def test_most_pairs_are_allowed():
    assert len(ALLOWED) / len(PAIRS) > 0.6


@pytest.mark.parametrize("count", [0, -1, MOST_TOGETHER + 1])
def test_too_many_or_no_rules_together_are_refused(count: int):
    with pytest.raises(ValueError, match=f"1 to 6 rules can be drawn together; asked for {count}"):
        draw_rules(Draws(bytes(32)), count)


def test_no_word_is_in_two_lists_or_twice_in_one():
    listed = [*KEYWORDS, *REPEATED, *AVOIDED, *FIRST_WORDS]
    assert len(set(listed)) == len(listed)
    assert all(word.isascii() and word.isalpha() and word.islower() for word in listed)


def test_no_fixed_words_of_a_reply_are_asked_for_or_forbidden_or_limited():
    fixed = " ".join([*OPENINGS, *CLOSINGS, *MARKERS, Draft(opening="", bullets=1, least_sentences=2).text()])
    assert set(bare_words(fixed)).isdisjoint({*KEYWORDS, *REPEATED, *AVOIDED})
    assert "," not in fixed
