"""Word sorting: the words asked for, sorted, the same for every validator."""

import hashlib
import json
from dataclasses import asdict, replace
from itertools import pairwise

from finetune.streams.word_sorting import WORDS, WordSorting, is_true
from tests.finetune.streams.generated import shared
from tests.finetune.streams.hostile import hostile


def seeds(count: int) -> list[bytes]:
    return [hashlib.sha256(str(i).encode()).digest() for i in range(count)]


def test_a_hundred_samples_never_change():
    samples = [asdict(WordSorting().draw(seed)) for seed in seeds(100)]
    assert (
        hashlib.sha256(json.dumps(samples).encode()).hexdigest()
        == "a312d7c30dfacd549f7343a84c05d44ac22c93296b21a0fbb02b1eadda8e8d82"
    )


def test_the_reference_is_the_words_of_the_message_in_alphabetical_order():
    for seed in seeds(50):
        sample = WordSorting().draw(seed)
        (message,) = sample.messages
        words = sample.reference.split(" ")
        assert words == sorted(words)
        assert len(set(words)) == len(words)
        assert message.role == "user"
        asked = message.content.replace(",", " ").split()
        assert all(word in asked for word in words)


def test_the_number_of_words_covers_its_range_and_no_more():
    stream = WordSorting(min_words=3, max_words=5)
    assert {len(stream.draw(seed).reference.split()) for seed in seeds(60)} == {3, 4, 5}


def test_every_word_is_listed_once_and_is_plain_lower_case():
    assert len(set(WORDS)) == len(WORDS) == 270
    assert all(word.isascii() and word.isalpha() and word.islower() for word in WORDS)


def test_samples_fit_a_tiny_model():
    samples = [WordSorting().draw(seed) for seed in seeds(500)]
    assert max(len((s.messages[0].content + s.reference).encode()) for s in samples) <= 160


def test_a_sample_depends_on_its_seed_alone():
    first, second = seeds(2)
    stream = WordSorting()
    alone = stream.draw(second)
    stream.draw(first)
    assert stream.draw(second) == alone
    assert stream.draw(first) != alone


def test_the_same_words_asked_for_in_other_ways_are_one_document():
    stream = WordSorting(min_words=2, max_words=2)
    samples = [stream.draw(seed) for seed in seeds(2000)]
    by_reference: dict[str, set[str]] = {}
    for sample in samples:
        by_reference.setdefault(sample.reference, set()).add(sample.document)
    assert len(by_reference) < len({sample.messages for sample in samples})
    assert all(len(documents) == 1 for documents in by_reference.values())


def test_every_truth_is_accepted():
    for stream in (WordSorting(), WordSorting(min_words=2, max_words=40)):
        assert all(is_true(stream.draw(seed)) for seed in seeds(1000))


def test_every_changed_letter_order_or_word_is_rejected():
    for sample, other in pairwise([WordSorting().draw(seed) for seed in seeds(200)]):
        words = sample.reference.split()
        assert not is_true(replace(sample, reference=other.reference))
        assert not is_true(replace(sample, document=other.document))
        assert not is_true(replace(sample, messages=other.messages))
        for i, letter in enumerate(sample.reference):
            changed = sample.reference[:i] + ("q" if letter != "q" else "z") + sample.reference[i + 1 :]
            assert not is_true(replace(sample, reference=changed, document=changed))
        for i in range(len(words) - 1):
            swapped = " ".join([*words[:i], words[i + 1], words[i], *words[i + 2 :]])
            assert not is_true(replace(sample, reference=swapped, document=swapped))
        shorter = " ".join(words[1:])
        assert not is_true(replace(sample, reference=shorter, document=shorter))


def test_two_sets_of_seeds_share_at_most_a_thousandth():
    assert shared(WordSorting()) <= 0.001


def test_whatever_is_no_sample_of_its_own_is_not_true_and_raises_nothing():
    assert not any(is_true(sample) for sample in hostile())
