"""Preference pairs: a reply that does what is asked and one that does not, the same for every validator."""

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from finetune.errors import SetupError
from finetune.streams.preference_pairs import PreferencePairs, is_true
from finetune.streams.preference_requests import FORMS, JUDGES, REQUESTS
from finetune.streams.sample import Message, PreferenceSample
from finetune.streams.wordings import readings
from tests.finetune.streams.generated import digest, seeds, shared
from tests.finetune.streams.hostile import hostile

# A request, replies that do what it asks, and replies that do not.
CASES: list[tuple[str, list[str], list[str]]] = [
    (
        "Abel packs 12 cups into each of 30 boxes. How many cups is that?",
        ["360 cups.", "The answer is 360."],
        ["361 cups.", "The answer is 42."],
    ),
    ("To the 12 hats of Abel come another 30. How many hats are there then?", ["I get 42."], ["I get 360."]),
    ("Abel needs 30 pens and has 12. How many pens are missing?", ["That is 18 pens."], ["That is 42 pens."]),
    (
        "Ages in years: Abel 30, Bera 7, Cedo 52. Give the names in order, the oldest first.",
        ["Cedo, Abel, Bera", "In order: Cedo, Abel, Bera."],
        ["Bera, Abel, Cedo", "In order: Abel, Cedo, Bera."],
    ),
    (
        "Sort the names by this list, beginning with the nearest. Distances in miles: Abel 30, Bera 7, Cedo 52.",
        ["Bera, Abel, Cedo."],
        ["Cedo, Abel, Bera.", "Abel, Bera, Cedo."],
    ),
    (
        "Write the names Abel, Bera, Cedo as a numbered list like 1. and 2., one to a line.",
        ["1. Abel\n2. Bera\n3. Cedo"],
        ["- Abel\n- Bera\n- Cedo", "Abel; Bera; Cedo"],
    ),
    (
        "In Elgate there is Abel, who sells hats. Make of this one sentence, with the goods at its beginning.",
        ["Hats are what Abel sells in Elgate."],
        ["In Elgate Abel sells hats.", "Abel sells hats in Elgate."],
    ),
    (
        "Event: quiz. Host: Abel. Place: barn. Time: Friday, two o'clock. Put this into one sentence.",
        ["On Friday at two o'clock Abel gives a quiz in the barn."],
        [
            "On Friday at two o'clock Abel gives a dance in the barn.",
            "On Monday at two o'clock Abel gives a quiz in the barn.",
            "On Friday at ten o'clock Abel gives a quiz in the barn.",
            "On Friday at two o'clock Abel gives a quiz in the park.",
            "On Friday at two o'clock Bera gives a quiz in the barn.",
        ],
    ),
    (
        "The kitchen has soup with leeks, pie with nuts, cake with eggs. Choose for Abel, who eats neither nuts nor "
        "eggs.",
        ["The soup.", "Have the soup."],
        ["The pie.", "Have the cake."],
    ),
]
SENSELESS = [
    "Ages in years: Abel 7, Bera 30, Cedo 52. Give the names in order, the nearest first.",
    "Ages in years: Abel 30, Bera 30, Cedo 52. Give the names in order, the youngest first.",
    "The kitchen has soup with leeks, pie with rice, cake with eggs. Choose for Abel, who eats neither nuts nor eggs.",
    "The kitchen has soup with leeks, pie with rice. Choose for Abel, who eats neither nuts nor eggs.",
    "What now?",
]


def sample_of(request: str, chosen: str, rejected: str) -> PreferenceSample:
    (named,) = [
        " | ".join((kind, *(fields[name] for name in sorted(fields))))
        for kind, known in REQUESTS.items()
        for fields in readings(known, request)
    ] or ["?"]
    messages = (Message(role="user", content=request),)
    return PreferenceSample(messages=messages, chosen=chosen, rejected=rejected, document=named)


def samples(count: int) -> list[PreferenceSample]:
    return [PreferencePairs().draw(seed) for seed in seeds(count)]


def test_a_hundred_samples_never_change():
    assert (
        digest(map(PreferencePairs().draw, seeds(100)))
        == "ca92025354457579edc14d4f60219456e723a2ca4cf72325926b172bcaf02d96"
    )


@pytest.mark.parametrize(("request_", "good", "bad"), CASES)
def test_a_reader_tells_the_replies_apart(request_: str, good: list[str], bad: list[str]):
    for right in good:
        for wrong in bad:
            assert is_true(sample_of(request_, right, wrong))
            assert not is_true(sample_of(request_, wrong, right))
            assert not is_true(sample_of(request_, right, "Sorry, I have no idea."))
            assert not is_true(sample_of(request_, "Sorry, I have no idea.", wrong))
            assert not is_true(sample_of(request_, "360 hats.", wrong))
        assert not is_true(sample_of(request_, right, good[-1]))
        assert not is_true(sample_of(request_, bad[0], bad[-1]))


@pytest.mark.parametrize("request_", SENSELESS)
def test_a_request_that_makes_no_sense_has_no_better_reply(request_: str):
    for chosen, rejected in (
        ("Abel, Bera, Cedo", "Bera, Abel, Cedo"),
        ("The soup.", "The pie."),
        ("I get 3.", "I get 4."),
    ):
        assert not is_true(sample_of(request_, chosen, rejected))


@pytest.mark.parametrize(
    "options", [{}, {"largest_number": 9999, "min_items": 12, "max_items": 12}, {"largest_number": 20}]
)
def test_every_truth_is_accepted(options: dict[str, Any]):
    stream = PreferencePairs(**options)
    assert all(is_true(stream.draw(seed)) for seed in seeds(500 if options else 1000))


def test_swapped_and_equal_and_foreign_replies_are_rejected():
    for sample, other in pairwise(samples(500)):
        assert not is_true(replace(sample, chosen=sample.rejected, rejected=sample.chosen))
        assert not is_true(replace(sample, rejected=sample.chosen))
        assert not is_true(replace(sample, chosen=sample.rejected))
        # Two sums may come to the same, and then the other's reply answers this one as well.
        if re.findall(r"\d+", sample.chosen) != re.findall(r"\d+", other.chosen):
            assert not is_true(replace(sample, chosen=other.chosen))
        assert not is_true(replace(sample, document=other.document))
        assert not is_true(replace(sample, messages=other.messages))


def test_a_changed_figure_or_letter_of_the_chosen_reply_is_rejected():
    for sample in samples(300):
        for i, letter in enumerate(sample.chosen):
            if letter.isalnum():
                changed = str((int(letter) + 1) % 10) if letter.isdigit() else "q"
                reply = sample.chosen[:i] + changed + sample.chosen[i + 1 :]
                assert letter == "q" or not is_true(replace(sample, chosen=reply))


def test_both_replies_are_as_long_on_average_and_either_may_be_the_longer_one():
    pairs = [(len(sample.chosen), len(sample.rejected)) for sample in samples(6000)]
    chosen, rejected = (sum(lengths) for lengths in zip(*pairs, strict=True))
    assert abs(chosen - rejected) / chosen < 0.01
    longer, shorter = sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)
    assert longer + shorter > 1000
    assert abs(longer - shorter) / (longer + shorter) < 0.08


def test_no_reply_looks_worse_by_its_first_or_last_word():
    for place in (0, -1):
        chosen, rejected = Counter(), Counter()
        for sample in samples(4000):
            chosen[sample.chosen.split()[place]] += 1
            rejected[sample.rejected.split()[place]] += 1
        common = [word for word in chosen if chosen[word] + rejected[word] > 150]
        assert len(common) >= 8
        assert all(0.75 < chosen[word] / max(1, rejected[word]) < 1.34 for word in common)


def test_every_form_is_chosen_and_rejected_about_equally_often():
    stream = PreferencePairs()
    asked = Counter(
        fields["form"]
        for seed in seeds(4000)
        for fields in readings(REQUESTS["form"], stream.draw(seed).messages[0].content)
    )
    assert set(asked) == set(FORMS)
    assert max(asked.values()) < 2 * min(asked.values())


def test_every_kind_of_request_is_drawn():
    kinds = Counter(sample.document.split(" | ")[0] for sample in samples(1800))
    assert set(kinds) == set(REQUESTS) == set(JUDGES)
    assert min(kinds.values()) > 150


def test_numbers_and_lists_cover_their_range_and_no_more():
    stream = PreferencePairs(largest_number=20, min_items=3, max_items=4)
    drawn = [stream.draw(seed).document.split(" | ") for seed in seeds(1500)]
    assert {int(values[0]) for kind, *values in drawn if kind == "sum"} == set(range(12, 21))
    assert {int(values[1]) for kind, *values in drawn if kind == "sum"} == set(range(12, 21))
    assert {values[1].count(",") + 1 for kind, *values in drawn if kind == "form"} == {3, 4}
    assert {values[0].count(",") + 1 for kind, *values in drawn if kind == "order"} == {3, 4}


def test_samples_are_short():
    sizes = [len((s.messages[0].content + s.chosen).encode()) for s in samples(2000)]
    assert sum(sizes) / len(sizes) < 140
    assert max(sizes) <= 220


def test_seeds_share_next_to_nothing():
    assert shared(PreferencePairs()) <= 0.001


def test_a_sample_depends_on_its_seed_alone():
    stream = PreferencePairs()
    forward = [stream.draw(seed) for seed in seeds(20)]
    assert [PreferencePairs().draw(seed) for seed in reversed(seeds(20))] == forward[::-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"largest_number": 19}, "stream preference_pairs: largest_number must be a whole number from 20 to 9999"),
        ({"largest_number": 10_000}, "found 10000"),
        ({"min_items": 2}, "min_items must be a whole number from 3 to 12; found 2"),
        ({"min_items": 6}, "max_items must be a whole number from 6 to 12; found 5"),
        ({"max_items": 13}, "found 13"),
    ],
)
def test_a_wrong_option_is_refused(options: dict[str, Any], said: str):
    with pytest.raises(SetupError, match=said):
        PreferencePairs(**options)


def test_hostile_samples_are_not_true():
    assert not any(map(is_true, hostile()))
