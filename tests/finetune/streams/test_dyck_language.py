"""Dyck words: the ending asked for, the same for every validator."""

from dataclasses import replace
from typing import Any

import pytest

from finetune.errors import SetupError
from finetune.streams.dyck_language import CLOSING, PAIRS, WORDINGS, DyckLanguage, is_true
from finetune.streams.sample import ChoiceSample, Message, Sample
from tests.finetune.streams.generated import digest, seeds, shared


def asking(question: str, reference: str, document: str) -> Sample:
    return Sample(messages=(Message(role="user", content=question),), reference=reference, document=document)


def beginning(sample: Sample) -> str:
    return "".join(symbol for symbol in sample.messages[0].content if symbol in "".join(PAIRS))


def deepest(brackets: str) -> int:
    depth = most = 0
    for bracket in brackets:
        depth += 1 if bracket in CLOSING else -1
        most = max(most, depth)
    return most


def test_a_hundred_samples_never_change():
    samples = [DyckLanguage().draw(seed) for seed in seeds(100)]
    assert digest(samples) == "a43c3bd9acd0e2b92c98ecb9a76a4cac2e8ca76368b7460a918974cd9995a755"


def test_every_reference_is_true():
    assert all(is_true(DyckLanguage().draw(seed)) for seed in seeds(1000))


@pytest.mark.parametrize(
    ("shown", "ending", "true"),
    [
        ("([", "])", True),
        ("( [", "] )", True),
        ("()<{}", ">", True),
        ("([", ")]", False),
        ("([", "] )", False),
        ("([", "]", False),
        ("([", "])()", False),
        ("([)", "]", False),
        (")(", ")", False),
        ("()", "", False),
        ("( [ ]<", "> )", False),
    ],
)
def test_the_checker_agrees_with_a_reader(shown: str, ending: str, true: bool):
    sample = asking(f"Close the open brackets: {shown}", ending, shown.replace(" ", ""))
    assert is_true(sample) is true


def test_a_changed_ending_bracket_or_document_is_not_true():
    for seed in seeds(300):
        sample = DyckLanguage(min_length=13).draw(seed)
        (message,) = sample.messages
        last = sample.reference[-1]
        other = next(pair[1] for pair in PAIRS if pair[1] != last)
        # Of a pair that is closed only half would change, and an open one would need another ending.
        opened = next(symbol for symbol in message.content if symbol in CLOSING)
        swapped = next(pair[0] for pair in PAIRS if pair[0] != opened)
        assert not is_true(replace(sample, reference=sample.reference[:-1] + other))
        assert not is_true(replace(sample, reference=sample.reference + last))
        assert not is_true(replace(sample, reference=sample.reference[:-1]))
        assert not is_true(replace(sample, document=sample.document + last))
        changed = replace(message, content=message.content.replace(opened, swapped, 1))
        assert not is_true(
            replace(sample, messages=(changed,), document=beginning(replace(sample, messages=(changed,))))
        )


@pytest.mark.parametrize(
    "sample",
    [
        Sample(messages=(), reference=")", document="("),
        asking("", "", ""),
        asking("(", ")", "("),
        asking("Close the open brackets: ", "", ""),
        asking("Close the open brackets: \ud800", ")", "("),
        asking("Close the open brackets: " + "(" * 100_000, ")", "("),
        Sample(messages=(Message(role="system", content=WORDINGS[0].say(brackets="(")),), reference=")", document="("),
        ChoiceSample(question=WORDINGS[0].say(brackets="("), options=(")", "]"), right=0, document="("),
    ],
)
def test_a_sample_that_is_not_of_this_stream_is_not_true(sample: Any):
    assert not is_true(sample)


def test_options_cover_their_range_and_no_more():
    stream = DyckLanguage(kinds=2, max_depth=3, min_length=4, max_length=6)
    samples = [stream.draw(seed) for seed in seeds(400)]
    assert {len(beginning(sample)) for sample in samples} == {4, 5, 6}
    assert {len(sample.reference.replace(" ", "")) for sample in samples} == {1, 2, 3}
    assert {deepest(beginning(sample)) for sample in samples} == {1, 2, 3}
    assert {symbol for sample in samples for symbol in beginning(sample)} == set("()[]")


def test_ends_of_the_range_of_options_give_true_samples():
    for stream in (DyckLanguage(kinds=1, max_depth=2, min_length=2, max_length=3), DyckLanguage(max_depth=100)):
        assert all(is_true(stream.draw(seed)) for seed in seeds(100))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kinds": 0}, "stream dyck_language: kinds must be a whole number from 1 to 4; found 0"),
        ({"kinds": 5}, "found 5"),
        ({"max_depth": 1}, "max_depth must be a whole number from 2 to 100"),
        ({"min_length": 1}, "min_length must be a whole number from 2 to 1000"),
        ({"min_length": 9, "max_length": 8}, "max_length must be a whole number from 9 to 1000; found 8"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_allowed(options: dict[str, int], said: str):
    with pytest.raises(SetupError, match=said):
        DyckLanguage(**options)


def test_every_wording_is_asked_and_samples_are_short():
    samples = [DyckLanguage().draw(seed) for seed in seeds(1000)]
    texts = [sample.messages[0].content for sample in samples]
    for wording in WORDINGS:
        before, after = wording.text.split("{brackets}")
        assert any(text.startswith(before) and text.endswith(after) for text in texts)
    assert max(len((sample.messages[0].content + sample.reference).encode()) for sample in samples) <= 180


def test_two_rounds_share_practically_nothing():
    assert shared(DyckLanguage()) <= 0.001


def test_the_same_brackets_asked_for_in_other_ways_are_one_document():
    stream = DyckLanguage(kinds=1, min_length=3, max_length=3)
    samples = [stream.draw(seed) for seed in seeds(500)]
    assert {sample.document for sample in samples} == {"(((", "(()", "()("}
    assert len({sample.messages for sample in samples}) == 3 * len(WORDINGS) * 2


def test_a_sample_depends_on_its_seed_alone():
    first, second = seeds(2)
    stream = DyckLanguage()
    alone = stream.draw(second)
    assert stream.draw(first) != alone
    assert stream.draw(second) == alone
