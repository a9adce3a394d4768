"""List operations: what a reader makes of the steps, the same for every validator."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from finetune.errors import SetupError
from finetune.streams.list_operations import LAYOUTS, WORDINGS, ListOperations, is_true
from finetune.streams.list_steps.tables import OPERATIONS
from finetune.streams.sample import Message, PreferenceSample, Sample
from finetune.streams.wordings import readings
from tests.finetune.streams.generated import digest, seeds, shared

NAMES = {"words": "list of words", "numbers": "list of numbers", "letters": "string"}
ENDING = "Write the result only."
# By kind: the items, and what a reader makes of them: the operation, the step as worded, the outcome.
WORDS = "owl, zebra, owl, cat"
ON_WORDS = """
    reverse: put the words in reverse order > cat, owl, zebra, owl
    first: keep only the first 2 words > owl, zebra
    last: drop all but the last 2 words > owl, cat
    without first: cut off the first 3 words > cat
    rotate left: rotate the words to the left by 3 places > cat, owl, zebra, owl
    rotate right: move the last 2 words to the front, in the same order > owl, cat, owl, zebra
    swap ends: swap the first and the last word > cat, zebra, owl, owl
    swap: swap the 4th and the 2nd word > owl, cat, owl, zebra
    remove: leave out the 2nd word > owl, owl, cat
    to the front: put the 4th word before all others > cat, owl, zebra, owl
    to the end: move the 1st word to the end > zebra, owl, cat, owl
    every second: remove every second word (the 2nd, the 4th and so on) > owl, owl
    once: where the same word comes more than once, keep only the first > owl, zebra, cat
    sort: sort the words from A to Z > cat, owl, owl, zebra
    sort down: put the words in reverse alphabetical order > zebra, owl, owl, cat
    with: keep only the words that contain the letter a > zebra, cat
    without: remove the words that contain the letter a > owl, owl
    longer: keep only the words with more than 3 letters > zebra
    shorter: keep only the words with at most 3 letters > owl, owl, cat
    backwards: spell each word backwards > lwo, arbez, lwo, tac
    replace: in every word, write x instead of a > owl, zebrx, owl, cxt
    lengths: replace each word by the number of its letters > 3, 5, 3, 3
    initials: make a string of the first letters of the words > ozoc
    capitals: turn all words into upper case > OWL, ZEBRA, OWL, CAT
    join: join the words with slashes > owl/zebra/owl/cat
    count: count how often the letter o occurs in all words together > 2
"""
NUMBERS = "7, 30, 7, 11"
ON_NUMBERS = """
    reverse: turn the order of the numbers around > 11, 7, 30, 7
    first: drop all but the first 3 numbers > 7, 30, 7
    last: keep only the last 3 numbers > 30, 7, 11
    without first: remove the first 2 numbers > 7, 11
    rotate left: move the first 2 numbers to the end, in the same order > 7, 11, 7, 30
    rotate right: rotate the numbers to the right by 3 places > 30, 7, 11, 7
    swap ends: let the first and the last number trade places > 11, 30, 7, 7
    swap: let the 1st and the 2nd number trade places > 30, 7, 7, 11
    remove: remove the 4th number > 7, 30, 7
    to the front: move the 2nd number to the front > 30, 7, 7, 11
    to the end: put the 2nd number after all others > 7, 7, 11, 30
    every second: keep only the 1st number, the 3rd, the 5th and so on > 7, 7
    once: remove each number that equals an earlier one > 7, 30, 11
    sort: put the numbers in ascending order > 7, 7, 11, 30
    sort down: sort the numbers from largest to smallest > 30, 11, 7, 7
    greater: keep only the numbers greater than 11 > 30
    greater: remove the numbers up to 7 > 30, 11
    smaller: keep only the numbers smaller than 11 > 7, 7
    smaller: remove the numbers from 30 upwards > 7, 7, 11
    even: keep only the even numbers > 30
    odd: remove the even numbers > 7, 7, 11
    add: make every number larger by 9 > 16, 39, 16, 20
    double: double each number > 14, 60, 14, 22
    sums: replace the numbers by their running totals > 7, 37, 44, 55
    sum: add up the numbers > 55
    spread: subtract the smallest number from the largest > 23
"""
LETTERS = "eagle"
ON_LETTERS = """
    reverse: reverse the order of the letters > elgae
    first: keep only the first 2 letters > ea
    last: keep only the last 2 letters > le
    without first: remove the first 2 letters > gle
    rotate left: rotate the letters to the left by 2 places > gleea
    rotate right: rotate the letters to the right by 2 places > leeag
    swap ends: swap the first and the last letter > eagle
    swap: swap the 2nd and the 3rd letter > egale
    remove: remove the 5th letter > eagl
    to the front: move the 3rd letter to the front > geale
    to the end: move the 3rd letter to the end > ealeg
    every second: keep only the 1st letter, the 3rd, the 5th and so on > ege
    once: remove each letter that equals an earlier one > eagl
    sort: sort the letters from A to Z > aeegl
    replace: write o wherever there is the letter e > oaglo
    consonants: remove all vowels (a, e, i, o, u) > gl
    vowels: keep only the vowels (a, e, i, o, u) > eae
    delete: remove each letter g > eale
    twice: double each letter, so that ab becomes aabb > eeaaggllee
    capitals: write the letters as capitals > EAGLE
    join: put hyphens between the letters > e-a-g-l-e
    count: count the letters e > 2
"""


def lines(text: str) -> list[tuple[str, str, str]]:
    named = (line.strip().split(": ", 1) for line in text.strip().splitlines())
    return [(name, *rest.split(" > ")) for name, rest in named]  # type: ignore[misc]


CASES = [("words", WORDS, *case) for case in lines(ON_WORDS)]
CASES += [("numbers", NUMBERS, *case) for case in lines(ON_NUMBERS)]
CASES += [("letters", LETTERS, *case) for case in lines(ON_LETTERS)]


def asking(kind: str, data: str, steps: str, reference: str, document: str, ending: str = ENDING) -> Sample:
    question = WORDINGS[0].say(kind=NAMES[kind], data=data, steps=steps, ending=ending)
    return Sample(messages=(Message(role="user", content=question),), reference=reference, document=document)


def told(kind: str, step: str) -> list[tuple[str, list[str]]]:
    """Name and values of every operation that the step can be read as."""
    return [
        (operation.name, [values[field] for field in sorted(values)])
        for operation in OPERATIONS[kind]
        for values in readings(operation.wordings, step)
    ]


def test_a_hundred_samples_never_change():
    samples = [ListOperations().draw(seed) for seed in seeds(100)]
    assert digest(samples) == "48737540cff3ce5f43d531a2d7295ee51f143e58e6e90ea627d5ae627de581a1"


def test_every_reference_is_true():
    for stream in (ListOperations(), ListOperations(worked=True)):
        assert all(is_true(stream.draw(seed)) for seed in seeds(1000))


@pytest.mark.parametrize(("kind", "data", "name", "step", "outcome"), CASES)
def test_an_operation_gives_what_a_reader_expects(kind: str, data: str, name: str, step: str, outcome: str):
    ((found, values),) = told(kind, step)
    document = f"{data} | {name}({', '.join(values)})"
    assert found == name
    assert is_true(asking(kind, data, "- " + step, outcome, document))
    assert not is_true(asking(kind, data, "- " + step, outcome + "s", document))
    assert not is_true(asking(kind, data, "- " + step, data if data != outcome else "", document))


def test_no_step_can_be_read_in_two_ways():
    for kind, operations in OPERATIONS.items():
        for operation in operations:
            for wording in operation.wordings:
                step = wording.say(k="3", nth="1st", other="2nd", x="a", y="b", marks="dots")
                assert [name for name, _ in told(kind, step)] == [operation.name]


def test_every_operation_is_among_those_cases():
    assert {case[:1] + case[2:3] for case in CASES} == {
        (kind, operation.name) for kind, operations in OPERATIONS.items() for operation in operations
    }


def test_steps_are_followed_in_order_and_worked_lines_are_asked_for():
    steps = "1. remove the even numbers\n2. double each number\n3. add up the numbers"
    document = "3, 4, 5 | odd() | double() | sum()"
    show = "Show the outcome of every step, one a line."
    assert is_true(asking("numbers", "3, 4, 5", steps, "16", document))
    assert is_true(asking("numbers", "3, 4, 5", steps, "3, 5\n6, 10\n16", document, show))
    assert not is_true(asking("numbers", "3, 4, 5", steps, "16", document, show))
    assert not is_true(asking("numbers", "3, 4, 5", steps, "3, 5\n6, 12\n16", document, show))
    assert not is_true(asking("numbers", "3, 4, 5", steps, "3, 5\n6, 10\n16", document))


def test_a_changed_result_item_step_or_document_is_not_true():
    for seed in seeds(300):
        sample = ListOperations(worked=True).draw(seed)
        (message,) = sample.messages
        items, steps = sample.document.split(" | ", 1)
        other = items[:-1] + ("1" if items[-1] != "1" else "2")
        assert not is_true(replace(sample, reference=sample.reference + "x"))
        assert not is_true(replace(sample, reference=sample.reference[1:]))
        assert not is_true(replace(sample, reference=sample.reference.swapcase() + " "))
        assert not is_true(replace(sample, document=other + " | " + steps))
        assert not is_true(replace(sample, document=items))
        changed = replace(message, content=message.content.replace(items, other))
        assert not is_true(replace(sample, messages=(changed,)))


@pytest.mark.parametrize(
    "sample",
    [
        Sample(messages=(), reference="a", document="a"),
        asking("words", "", "- reverse", "", ""),
        asking("words", "a, , b", "- sort the words from A to Z", ", a, b", "a, , b | sort()"),
        asking("numbers", "a, b", "- add up the numbers", "0", "a, b | sum()"),
        asking("numbers", "1" * 9000, "- add up the numbers", "1" * 9000, "1" * 9000 + " | sum()"),
        asking("numbers", "1, 2", "1. keep only the numbers greater than 9\n2. subtract the smallest number", "0", "1"),
        asking(
            "numbers",
            "1, 2",
            "1. keep only the numbers greater than 9\n2. subtract the smallest number from the largest",
            "0",
            "1, 2 | greater(9) | spread()",
        ),
        asking(
            "numbers",
            "1, 2",
            "1. keep only the numbers greater than 9\n2. double each number",
            "",
            "1, 2 | greater(9) | double()",
        ),
        asking("words", "owl, cat", "- swap the 1st and the 9th word", "cat, owl", "owl, cat | swap(1st, 9th)"),
        asking("numbers", "1, 2", "1. add up the numbers\n2. double each number", "6", "1, 2 | sum() | double()"),
        asking("words", "owl, cat", "1. add up the numbers", "0", "owl, cat | sum()"),
        asking("words", "owl, cat", "1. remove the 9th word", "owl", "owl, cat | remove(9th)"),
        asking("words", "owl, cat", "- do nothing", "owl, cat", "owl, cat"),
        asking("words", "owl, cat", "1. capitals\n2. \n3. \n4. ", "owl, cat", "owl, cat"),
        PreferenceSample(messages=(), chosen="a", rejected="b", document="a"),
    ],
)
def test_a_sample_that_is_not_of_this_stream_is_not_true(sample: Any):
    assert not is_true(sample)


def test_options_cover_their_range_and_no_more():
    stream = ListOperations(min_operations=1, max_operations=3, min_items=5, max_items=6, worked=True)
    samples = [stream.draw(seed) for seed in seeds(500)]
    lists = [sample.document.split(" | ") for sample in samples]
    assert {len(parts) - 1 for parts in lists} == {1, 2, 3}
    assert {parts[0].count(", ") + 1 for parts in lists if "," in parts[0]} == {5, 6}
    assert {sample.reference.count("\n") for sample in samples} == {0, 1, 2}
    assert all("\n" not in ListOperations().draw(seed).reference for seed in seeds(200))


def test_ends_of_the_range_of_options_give_true_samples():
    for options in ({"min_operations": 6, "max_operations": 6}, {"min_items": 3, "max_items": 3}, {"max_items": 20}):
        assert all(is_true(ListOperations(**options).draw(seed)) for seed in seeds(100))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_operations": 0}, "list_operations: min_operations must be a whole number from 1 to 6; found 0"),
        ({"min_operations": 3, "max_operations": 2}, "max_operations must be a whole number from 3 to 6; found 2"),
        ({"max_operations": 7}, "found 7"),
        ({"min_items": 2}, "min_items must be a whole number from 3 to 20"),
        ({"min_items": 9}, "max_items must be a whole number from 9 to 20; found 8"),
        ({"worked": 1}, "stream list_operations: worked must be true or false; found 1"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_allowed(options: dict[str, Any], said: str):
    with pytest.raises(SetupError, match=said):
        ListOperations(**options)


def test_every_kind_operation_wording_and_layout_is_drawn():
    samples = [ListOperations().draw(seed) for seed in seeds(3000)]
    texts = [sample.messages[0].content for sample in samples]
    asked = " ".join(sample.document for sample in samples)
    assert all(f"| {operation.name}(" in asked for operations in OPERATIONS.values() for operation in operations)
    assert all(any(wording.read(text) for text in texts) for wording in WORDINGS)
    assert all(any(layout[1] in text for text in texts) for layout in LAYOUTS)
    assert all(sum(name in text for text in texts) > 700 for name in NAMES.values())


def test_each_step_changes_something_and_something_is_left():
    for seed in seeds(500):
        sample = ListOperations(worked=True).draw(seed)
        outcomes = [sample.document.split(" | ")[0], *sample.reference.split("\n")]
        assert all(outcomes)
        assert all(before != after for before, after in pairwise(outcomes) if before.islower())


def test_samples_are_short():
    samples = [ListOperations(worked=True).draw(seed) for seed in seeds(2000)]
    assert max(len((sample.messages[0].content + sample.reference).encode()) for sample in samples) <= 600


def test_two_rounds_share_practically_nothing():
    assert shared(ListOperations()) <= 0.001


def test_the_same_steps_asked_for_in_other_ways_are_one_document():
    one = asking("words", "owl, cat", "- sort the words from A to Z", "cat, owl", "owl, cat | sort()")
    other = asking("words", "owl, cat", "1. put the words in alphabetical order", "cat, owl", "owl, cat | sort()")
    assert is_true(one)
    assert is_true(other)


def test_a_sample_depends_on_its_seed_alone():
    first, second = seeds(2)
    stream = ListOperations()
    alone = stream.draw(second)
    assert stream.draw(first) != alone
    assert stream.draw(second) == alone
