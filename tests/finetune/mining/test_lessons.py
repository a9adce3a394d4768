"""Lessons: the reply that a miner trains on is the one that scoring rewards."""

import pytest

from finetune.evals.multiple_choice import question
from finetune.mining.lessons import lesson
from finetune.streams.registry import open_stream
from finetune.streams.rules.registry import broken
from finetune.streams.sample import ChoiceSample, InstructionSample, PreferenceSample, Sample
from tests.finetune.streams.generated import seeds


def test_a_reference_is_taught_as_it_is():
    sample = open_stream("word_sorting", {}).draw(seeds(1)[0])
    assert lesson(sample) is sample


@pytest.mark.parametrize("options", [2, 4, 8])
def test_of_a_choice_the_letter_before_the_right_option_is_taught(options: int):
    stream = open_stream("synthetic_facts", {"options": options})
    for seed in seeds(20):
        sample = stream.draw(seed)
        assert isinstance(sample, ChoiceSample)
        taught = lesson(sample)
        assert taught.messages[0].content == question(sample, 0)
        assert f"\n{taught.reference}. {sample.options[sample.right]}\n" in taught.messages[0].content


def test_of_a_pair_the_better_reply_is_taught():
    sample = PreferenceSample(messages=(), chosen="good", rejected="bad", document="d")
    assert lesson(sample) == Sample(messages=(), reference="good", document="d")


def test_of_instructions_a_reply_is_taught_that_keeps_all_rules():
    stream = open_stream("ifeval_prompts", {})
    for seed in seeds(50):
        sample = stream.draw(seed)
        assert isinstance(sample, InstructionSample)
        taught = lesson(sample)
        assert broken(sample.rules, taught.reference) == 0
        assert taught.messages == sample.messages
