"""Rules by kind: made from plain values, drawn several at a time, and counted where a reply breaks them.

A new rule is one new class and one line here, and what it is at odds with one line in `conflicts`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any

from finetune.streams.draws import Draws
from finetune.streams.rules.checks import shown
from finetune.streams.rules.conflicts import at_odds
from finetune.streams.rules.counting import has_word
from finetune.streams.rules.draft import Draft
from finetune.streams.rules.ends import EndPhrase, Postscript, Quotation, StartPhrase, Title
from finetune.streams.rules.keywords import ForbiddenWords, KeywordFrequency, KeywordsExistence, LetterFrequency
from finetune.streams.rules.layout import MultipleSections, NumberBullets, NumberHighlights, NumberPlaceholders
from finetune.streams.rules.length import NumberSentences, NumberWords
from finetune.streams.rules.letter_case import CapitalWords, Lowercase, Uppercase
from finetune.streams.rules.paragraphs import NthParagraphFirstWord, NumberParagraphs
from finetune.streams.rules.punctuation import NoComma
from finetune.streams.rules.rule import Rule
from finetune.streams.rules.whole import ConstrainedResponse, JsonFormat, TwoResponses

# The order is part of what a seed draws: new kinds go to the end.
_CLASSES: tuple[type[Rule], ...] = (
    NumberWords,
    NumberSentences,
    NumberParagraphs,
    NthParagraphFirstWord,
    KeywordsExistence,
    KeywordFrequency,
    ForbiddenWords,
    LetterFrequency,
    Lowercase,
    Uppercase,
    CapitalWords,
    NoComma,
    StartPhrase,
    EndPhrase,
    Quotation,
    Title,
    Postscript,
    NumberBullets,
    NumberHighlights,
    NumberPlaceholders,
    MultipleSections,
    JsonFormat,
    ConstrainedResponse,
    TwoResponses,
)
RULES: Mapping[str, type[Rule]] = {rule.kind: rule for rule in _CLASSES}
MOST_TOGETHER = 6


def make_rule(kind: object, options: object) -> Rule:
    """The rule of that kind with the values in the mapping `options`; a list of words may stand for a tuple.

    Raises:
        ValueError: the kind, an option or a value is not allowed; the text names it and what is allowed.
    """
    if not isinstance(kind, str) or kind not in RULES:
        raise ValueError(f"no rule is called {shown(kind)}; there are {', '.join(RULES)}")
    if not isinstance(options, Mapping):
        raise ValueError(f"rule {kind}: options must be a mapping of names to values; found {shown(options)}")
    known = [field.name for field in fields(RULES[kind])]
    for option in options:
        if option not in known:
            raise ValueError(f"rule {kind} has no option {shown(option)}; it has {', '.join(known) or 'none'}")
    for option in known:
        if option not in options:
            raise ValueError(f"rule {kind} needs the option {option!r}")
    return RULES[kind](**{name: tuple(value) if isinstance(value, list) else value for name, value in options.items()})


def as_plain(rule: Rule) -> dict[str, Any]:
    """{"kind": ..., "options": {...}} in JSON values, from which `make_rule` makes the same rule again."""
    options = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(rule).items()}
    return {"kind": rule.kind, "options": options}


def draw_rules(draws: Draws, count: int, kinds: Collection[str] = ()) -> tuple[Rule, ...]:
    """`count` rules of different kinds that one reply can keep, of the named `kinds` alone where there are any.

    Kinds are taken in a random order, without those that are at odds with one taken before; where that gives fewer
    than `count`, another order is tried. So a kind that goes with few others is drawn only for a small `count`.

    Raises:
        ValueError: `count` is not from 1 to `MOST_TOGETHER`, or to how many of `kinds` go together, or one is unknown.
    """
    most = most_together(kinds)
    if not 1 <= count <= most:
        raise ValueError(f"1 to {most} rules can be drawn together; asked for {count}")
    allowed = _allowed(kinds)
    while True:
        taken: list[type[Rule]] = []
        for kind in draws.distinct(allowed, len(allowed)):
            if not any(at_odds(kind, other) for other in taken):
                taken.append(kind)
            if len(taken) == count:
                return tuple(kind.draw(draws) for kind in taken)


def most_together(kinds: Collection[str] = ()) -> int:
    """How many rules of the named `kinds`, or of all if none is named, can be drawn together: at most `MOST_TOGETHER`.

    Raises:
        ValueError: one of `kinds` is unknown.
    """
    for kind in kinds:
        if not isinstance(kind, str) or kind not in RULES:
            raise ValueError(f"no rule is called {shown(kind)}; there are {', '.join(RULES)}")
    return _most_together(frozenset(kinds))


@lru_cache(maxsize=64)
def _most_together(kinds: frozenset[str]) -> int:
    def longest(taken: tuple[type[Rule], ...], rest: Sequence[type[Rule]]) -> int:
        if len(taken) == MOST_TOGETHER:
            return MOST_TOGETHER
        found = len(taken)
        for place, kind in enumerate(rest):
            if not any(at_odds(kind, other) for other in taken):
                found = max(found, longest((*taken, kind), rest[place + 1 :]))
            if found == MOST_TOGETHER:
                break
        return found

    return longest((), _allowed(kinds))


def _allowed(kinds: Collection[str]) -> tuple[type[Rule], ...]:
    return tuple(rule for rule in _CLASSES if not kinds or rule.kind in kinds)


def compose(rules: Sequence[Rule]) -> str:
    """The plainest reply that keeps all `rules`, if they are drawn together: the proof that there is one."""
    draft = Draft()
    for rule in rules:
        rule.write(draft)
    return draft.text()


def broken(rules: Sequence[Rule], reply: str) -> int:
    """How many of the `rules` the reply breaks: all of them if it has no word at all."""
    if not has_word(reply):
        return len(rules)
    return sum(not rule.holds(reply) for rule in rules)
