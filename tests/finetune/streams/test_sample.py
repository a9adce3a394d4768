"""Samples of all four kinds, written down as plain values and read again."""

import json

import pytest

from finetune.streams.draws import Draws
from finetune.streams.rules.registry import RULES
from finetune.streams.sample import (
    AnySample,
    ChoiceSample,
    InstructionSample,
    Message,
    PreferenceSample,
    Sample,
    as_plain,
    from_plain,
)

TALK = (Message(role="system", content="Be brief."), Message(role="user", content='say "é"\n\U0001f600'))
DRAWS = Draws(bytes(32))
SAMPLES: list[AnySample] = [
    Sample(messages=TALK, reference="é", document="a"),
    Sample(messages=(), reference="plain text", document="b"),
    ChoiceSample(question="which?", options=("one", "two", "three"), right=2, document="c"),
    PreferenceSample(messages=TALK, chosen="yes", rejected="", document="d"),
    InstructionSample(messages=TALK, rules=tuple(rule.draw(DRAWS) for rule in RULES.values()), document="e"),
]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_a_sample_is_the_same_after_it_was_written_down(sample: AnySample):
    assert from_plain(json.loads(json.dumps(as_plain(sample)))) == sample


def test_an_unknown_kind_is_refused():
    with pytest.raises(KeyError):
        from_plain({"kind": "Evil", "document": "a"})
