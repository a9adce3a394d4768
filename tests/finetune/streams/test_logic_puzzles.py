"""Logic puzzles: what a reader finds by thinking, the same for every validator."""

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from finetune.errors import SetupError
from finetune.streams.logic_puzzles import BRIEF_ENDINGS, REASONED_ENDINGS, WORDINGS, LogicPuzzles, is_true
from finetune.streams.sample import ChoiceSample, Message, Sample
from tests.finetune.streams.generated import digest, seeds, shared

FLOORS = "Belda is above Corma. Dalro is below Corma."
FLOORS_FOUND = "From the top floor to the bottom: Belda, Corma, Dalro."
AGES = "Corma is older than Dalro but younger than Belda. Dalro is heavier than Belda."
AGES_FOUND = "From oldest to youngest: Belda, Corma, Dalro."
LIARS = (
    "Some of these people always tell the truth, and the others always lie. Corma calls Belda a liar. "
    "Corma says that Belda and Corma are of different kinds. Dalro says that just one of Belda and Corma lies. "
    "Corma says that the soup is too hot. Dalro calls Corma honest."
)
HONEST = "Belda lies. Corma tells the truth. Dalro tells the truth."
THINGS = (
    "The door is shut only if the lamp is on. Right now the door is shut. If the dog is awake, then the lamp is off. "
    "If the dog is awake, the coat is wet."
)
STATES = "The dog is asleep. The door is shut. The lamp is on."


def asking(facts: str, question: str, reference: str, document: str, *, reasoned: bool = False) -> Sample:
    ending = (REASONED_ENDINGS if reasoned else BRIEF_ENDINGS)[0]
    content = WORDINGS[0].say(facts=facts, question=question, ending=ending)
    return Sample(messages=(Message(role="user", content=content),), reference=reference, document=document)


def answer(sample: Sample) -> str:
    return sample.reference.split("Answer: ")[-1]


def kind(sample: Sample) -> str:
    if sample.document.startswith("From "):
        return "ordering"
    return "conditions" if sample.document.startswith("The ") else "liars"


def test_a_hundred_samples_never_change():
    samples = [LogicPuzzles().draw(seed) for seed in seeds(100)]
    assert digest(samples) == "79f70ea87d5fd8f151bc6e1fce763dd0d6b8bfad38fdcc182f13eab3e5c172f8"


def test_every_reference_is_true():
    assert all(is_true(LogicPuzzles().draw(seed)) for seed in seeds(1000))


@pytest.mark.parametrize(
    ("facts", "document", "question", "right", "wrong"),
    [
        (FLOORS, FLOORS_FOUND, "Who is on the top floor?", "Belda", "Corma"),
        (FLOORS, FLOORS_FOUND, "Who is on the bottom floor?", "Dalro", "Belda"),
        (FLOORS, FLOORS_FOUND, "Who is on the second floor from the top?", "Corma", "Dalro"),
        (FLOORS, FLOORS_FOUND, "Who is on the second floor from the bottom?", "Corma", "Belda"),
        (AGES, AGES_FOUND, "From oldest to youngest, who comes right after Belda?", "Corma", "Dalro"),
        (AGES, AGES_FOUND, "From oldest to youngest, who comes right before Dalro?", "Corma", "Belda"),
        (AGES, AGES_FOUND, "How many of them are older than Corma?", "1", "2"),
        (AGES, AGES_FOUND, "How many of them are younger than Belda?", "2", "1"),
        (AGES, AGES_FOUND, "Is Dalro older than Belda?", "no", "yes"),
        (AGES, AGES_FOUND, "Is Dalro younger than Belda?", "yes", "no"),
        (AGES, AGES_FOUND, "What is the order from oldest to youngest?", "Belda, Corma, Dalro", "Belda, Dalro, Corma"),
        (LIARS, HONEST, "Does Belda tell the truth?", "no", "yes"),
        (LIARS, HONEST, "Is Dalro honest?", "yes", "no"),
        (LIARS, HONEST, "Is Belda a liar?", "yes", "no"),
        (LIARS, HONEST, "How many of them lie?", "1", "2"),
        (LIARS, HONEST, "How many of them tell the truth?", "2", "1"),
        (LIARS, HONEST, "Which of them lie, listed from A to Z?", "Belda", "nobody"),
        (LIARS, HONEST, "Which of them are honest, listed from A to Z?", "Corma, Dalro", "Dalro, Corma"),
        (THINGS, STATES, "Is the lamp on?", "yes", "no"),
        (THINGS, STATES, "Is the lamp off?", "no", "yes"),
        (THINGS, STATES, "Is the dog awake or asleep?", "asleep", "awake"),
        (THINGS, STATES, "Which is the lamp: on or off?", "on", "off"),
    ],
)
def test_the_checker_agrees_with_a_reader(facts: str, document: str, question: str, right: str, wrong: str):
    assert is_true(asking(facts, question, right, document))
    assert not is_true(asking(facts, question, wrong, document))
    assert not is_true(asking(facts, question, right, document[1:]))
    assert is_true(asking(facts, question, f"{document}\nAnswer: {right}", document, reasoned=True))
    assert not is_true(asking(facts, question, f"{document}\nAnswer: {wrong}", document, reasoned=True))
    assert not is_true(asking(facts, question, right, document, reasoned=True))
    assert not is_true(asking(facts, question, f"{document}\nAnswer: {right}", document))


@pytest.mark.parametrize(
    ("facts", "question", "reference", "document"),
    [
        ("Belda is above Corma. Belda is above Dalro.", "Who is on the top floor?", "Belda", FLOORS_FOUND),
        ("Belda is above Corma. Corma is above Belda.", "Who is on the top floor?", "Belda", FLOORS_FOUND),
        (FLOORS, "Is Belda above Zanda?", "yes", FLOORS_FOUND),
        (FLOORS + " Belda is a cook.", "Who is on the top floor?", "Belda", FLOORS_FOUND),
        (FLOORS, "Is it late?", "no", FLOORS_FOUND),
        (
            "Corma calls Belda a liar. Belda calls Corma a liar.",
            "Is Belda a liar?",
            "yes",
            "Belda lies. Corma tells the truth.",
        ),
        (LIARS + " Belda is a cook.", "Is Belda a liar?", "yes", HONEST),
        ("Belda calls Belda a liar.", "Is Belda a liar?", "yes", "Belda lies."),
        (LIARS, "Is Zanda a liar?", "no", HONEST),
        (THINGS, "Is the coat wet?", "no", STATES),
        (THINGS, "Is the lamp open?", "no", STATES),
        (THINGS, "Is the lamp off or on?", "on", STATES),
        (THINGS, "Is the lamp open or shut?", "on", STATES),
        (THINGS + " Belda is a cook.", "Is the lamp on?", "yes", STATES),
        (THINGS, "Is the coat wet or dry?", "dry", STATES),
        (THINGS + " The lamp is off.", "Is the dog awake?", "no", STATES),
        ("The lamp is open.", "Is the lamp on?", "no", "The lamp is on."),
    ],
)
def test_facts_that_leave_the_answer_open_or_contradict_each_other_are_not_true(
    facts: str, question: str, reference: str, document: str
):
    assert not is_true(asking(facts, question, reference, document))


def test_a_puzzle_for_too_many_people_or_things_is_not_true():
    names = [f"Al{chr(97 + i)}da" for i in range(26)]
    facts = " ".join(f"{a} is above {b}." for a, b in pairwise(names))
    assert not is_true(asking(facts, "Who is on the top floor?", names[0], ""))
    facts = " ".join(f"{a} calls {b} honest." for a, b in pairwise(names))
    assert not is_true(asking(facts + " Alada is known to be honest.", "Is Alzda honest?", "yes", ""))


def test_a_changed_answer_finding_name_or_document_is_not_true():
    others = {"yes": "no", "no": "yes"}
    for seed in seeds(400):
        sample = LogicPuzzles().draw(seed)
        found, line, right = sample.reference.rpartition("Answer: ")
        wrong = others.get(right, right[:-1] + ("x" if right[-1] != "x" else "y"))
        assert not is_true(replace(sample, reference=found + line + wrong))
        assert not is_true(replace(sample, reference=sample.reference + "."))
        assert not is_true(replace(sample, document=sample.document[1:]))
        if found:
            assert not is_true(replace(sample, reference=right))
            assert not is_true(replace(sample, reference=line + right))
            changed = found.replace(" lies.", " tells the truth.").replace(" is ", " was ").replace(", ", "; ")
            if changed != found:
                assert not is_true(replace(sample, reference=changed + line + right))


def test_a_changed_fact_is_not_true():
    opposites = (
        (" is above ", " is below "),
        (" is older than ", " is younger than "),
        (" is known to be a liar", " is known to be honest"),
        ("We can see that the door is open", "We can see that the door is shut"),
        (" is taller than ", " is shorter than "),
    )
    changed = 0
    for seed in seeds(3000):
        sample = LogicPuzzles().draw(seed)
        (message,) = sample.messages
        facts = [part for part in re.split(r"(?<=[.:?]) |\n", message.content) if "?" not in part]
        for one, other in opposites:
            # Facts by which the question is answered: what people are compared by besides comes once.
            told = [fact for fact in facts if one in fact and " but " not in fact]
            if len(told) > 1 or (told and " is known " in one):
                fact = message.content.replace(told[0], told[0].replace(one, other))
                assert not is_true(replace(sample, messages=(replace(message, content=fact),)))
                changed += 1
    assert changed > 100


@pytest.mark.parametrize(
    "sample",
    [
        Sample(messages=(), reference="", document=""),
        asking("", "", "", ""),
        asking(".", "?", "", ""),
        asking("A is B. " * 500, "Who is the oldest?", "A", "A"),
        asking("Belda is \ud800.", "Who is the oldest?", "A", "A"),
        Sample(messages=(Message(role="assistant", content=FLOORS),), reference="x", document="x"),
        ChoiceSample(question=FLOORS, options=("yes", "no"), right=0, document=FLOORS_FOUND),
    ],
)
def test_a_sample_that_is_not_of_this_stream_is_not_true(sample: Any):
    assert not is_true(sample)


def test_options_cover_their_range_and_no_more():
    stream = LogicPuzzles(min_size=3, max_size=7)
    samples = [stream.draw(seed) for seed in seeds(600)]
    for name, separator in (("ordering", ", "), ("liars", ". "), ("conditions", ". ")):
        documents = [sample.document for sample in samples if kind(sample) == name]
        assert {document.count(separator) + 1 for document in documents} == {3, 4, 5, 6, 7}
    assert all(is_true(sample) for sample in samples[:60])
    small = LogicPuzzles(min_size=3, max_size=3)
    assert all(is_true(small.draw(seed)) for seed in seeds(600))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_size": 2}, "stream logic_puzzles: min_size must be a whole number from 3 to 7; found 2"),
        ({"min_size": 6}, "max_size must be a whole number from 6 to 7; found 5"),
        ({"max_size": 8}, "max_size must be a whole number from 4 to 7; found 8"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_allowed(options: dict[str, int], said: str):
    with pytest.raises(SetupError, match=said):
        LogicPuzzles(**options)


def test_kinds_answers_and_endings_are_balanced():
    samples = [LogicPuzzles().draw(seed) for seed in seeds(4000)]
    kinds = Counter(kind(sample) for sample in samples)
    assert all(1200 < count < 1470 for count in kinds.values())
    assert len(kinds) == 3
    for name in kinds:
        answers = Counter(answer(sample) for sample in samples if kind(sample) == name)
        assert 0.8 < answers["yes"] / answers["no"] < 1.25
    assert 1850 < sum("\nAnswer: " in sample.reference for sample in samples) < 2150


def test_no_fact_answers_the_question_by_naming_a_place():
    for seed in seeds(1500):
        sample = LogicPuzzles().draw(seed)
        asked = re.search(r"Who is ([^?]+)\?", sample.messages[0].content)
        if asked:
            assert f"{answer(sample)} is {asked[1]}." not in sample.messages[0].content


def test_every_wording_is_drawn_and_samples_are_short():
    samples = [LogicPuzzles().draw(seed) for seed in seeds(1000)]
    texts = [sample.messages[0].content for sample in samples]
    assert all(any(wording.read(text) for text in texts) for wording in WORDINGS)
    sizes = sorted(len((sample.messages[0].content + sample.reference).encode()) for sample in samples)
    assert sizes[-1] <= 720
    assert sum(sizes) / len(sizes) < 400


def test_two_rounds_share_practically_nothing():
    assert shared(LogicPuzzles()) <= 0.001


def test_the_same_solution_found_from_other_facts_is_one_document():
    question = "Who is on the top floor?"
    assert is_true(asking(FLOORS, question, "Belda", FLOORS_FOUND))
    assert is_true(asking("Belda is on the top floor. Corma is above Dalro.", question, "Belda", FLOORS_FOUND))


def test_a_sample_depends_on_its_seed_alone():
    first, second = seeds(2)
    stream = LogicPuzzles()
    alone = stream.draw(second)
    assert stream.draw(first) != alone
    assert stream.draw(second) == alone
