"""Synthetic facts: what an invented passage says, the same for every validator."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from finetune.errors import SetupError
from finetune.streams.sample import ChoiceSample
from finetune.streams.synthetic_facts import SyntheticFacts, is_true
from finetune.streams.town_questions import QUESTIONS
from finetune.streams.towns import TRADES, read_passage
from finetune.streams.wordings import readings
from tests.finetune.streams.generated import digest, seeds, shared
from tests.finetune.streams.hostile import hostile

PASSAGE = (
    "On the river Lune stands Elgate, founded in 1439. Floods are recorded for 1600. "
    "Abel, a baker who came in 1801, lived by the mill and taught Bera. "
    "Cedo was hired by Bera, an innkeeper who lived by the mill from 1850 on. "
    "Doran the mason had been living by the castle since 1780 and taught Abel. "
    "The weaver by the mill, Cedo, came in 1825 and warned Doran."
)
DOCUMENT = (
    "Elgate; Abel baker 1801 mill taught Bera; Bera innkeeper 1850 mill hired Cedo; "
    "Cedo weaver 1825 mill warned Doran; Doran mason 1780 castle taught Abel"
)
PEOPLE = ("Abel", "Bera", "Cedo", "Doran")
READ = [
    ("What was the trade of Cedo?", "weaver"),
    ("In which year did Doran come to Elgate?", "1780"),
    ("Who kept an inn for a living?", "Bera"),
    ("Whose arrival was in 1825?", "Cedo"),
    ("Who taught Abel?", "Doran"),
    ("By whom was Cedo hired?", "Bera"),
    ("Whom did Abel teach?", "Bera"),
    ("Who was warned by Cedo?", "Doran"),
    ("Who taught the one who hired Cedo?", "Abel"),
    ("Doran was warned by somebody. Who hired that person?", "Bera"),
    ("Whom did the baker teach?", "Bera"),
    ("Somebody who cut stone for a living taught someone. Whom?", "Abel"),
    ("What was the trade of the one who warned Doran?", "weaver"),
    ("In which year did the one who was hired by Bera come to Elgate?", "1825"),
    ("Which of these people did not live by the mill?", "Doran"),
    ("Which of these people did not come before 1830?", "Bera"),
    ("Which of these people came to Elgate first?", "Doran"),
    ("Of these, who arrived last?", "Bera"),
    ("Of these, who was the first to arrive later than Doran?", "Abel"),
]
UNANSWERED = [
    "What was the trade of Zeno?",
    "In which year did Doran come to Norport?",
    "Who cut and sewed clothes for a living?",
    "Who hired Abel?",
    "Whom did Abel hire?",
    "Who warned the one who hired Cedo?",
    "Whom did the baker warn?",
    "Which of these people did not live by the castle?",
    "Which of these people did not come before 1810?",
    "Which of these people came next after Bera?",
    "Why?",
]
OPTIONS = {
    "weaver": ("baker", "weaver", "mason", "innkeeper"),
    "1780": ("1801", "1850", "1780", "1825"),
    "1825": ("1801", "1850", "1780", "1825"),
}


def asking(question: str, right: str, passage: str = PASSAGE) -> ChoiceSample:
    options = OPTIONS.get(right, PEOPLE)
    text = f"{passage}\n\n{question}"
    return ChoiceSample(question=text, options=options, right=options.index(right), document=DOCUMENT)


def kind_of(sample: ChoiceSample) -> str:
    """The kind of the question, wherever it stands."""
    parts = sample.question.removeprefix("Read this passage.\n\n").split("\n\n")
    asked = [part.removeprefix("Going by the passage alone: ") for part in parts]
    (kind,) = {kind for kind, known in QUESTIONS.items() for part in asked if any(readings(known, part))}
    return kind


def passage_of(sample: ChoiceSample) -> str:
    return max(sample.question.split("\n\n"), key=len)


def test_a_hundred_samples_never_change():
    assert (
        digest(map(SyntheticFacts().draw, seeds(100)))
        == "c346b8a72015170d489d6d7c8bebbf403cef66f357806b93be78beec0312082a"
    )


@pytest.mark.parametrize(("question", "right"), READ)
def test_a_reader_of_the_passage_finds_the_right_option(question: str, right: str):
    sample = asking(question, right)
    assert [is_true(replace(sample, right=i)) for i in range(4)] == [i == sample.right for i in range(4)]


@pytest.mark.parametrize("question", UNANSWERED)
def test_a_question_that_no_option_or_more_than_one_answers_has_no_right_option(question: str):
    for right in ("Abel", "weaver", "1780"):
        assert not any(is_true(replace(asking(question, right), right=i)) for i in range(4))


@pytest.mark.parametrize(
    ("told", "instead"),
    [
        ("Abel, a baker", "Abel, a weaver"),
        ("a baker", "a banker"),
        ("came in 1801", "came in 1850"),
        ("Cedo, came", "Abel, came"),
        ("the castle", "the moon"),
        ("stands Elgate,", "stood Elgate,"),
        (" Floods are recorded for 1600.", " Floods are recorded for 1600. Floods are recorded for 1610."),
        ("", ""),
    ],
)
def test_a_passage_that_contradicts_itself_or_cannot_be_read_says_nothing(told: str, instead: str):
    passage = PASSAGE.replace(told, instead)
    assert (read_passage(passage) is None) == (told != instead)


def test_a_passage_is_read_as_it_was_written():
    for seed in seeds(300):
        sample = SyntheticFacts().draw(seed)
        town = read_passage(passage_of(sample))
        assert town is not None
        assert town.document() == sample.document


@pytest.mark.parametrize("options", [2, 4, 8])
def test_every_truth_is_accepted(options: int):
    stream = SyntheticFacts(options=options)
    samples = [stream.draw(seed) for seed in seeds(1000 if options == 4 else 300)]
    assert all(map(is_true, samples))
    assert {len(sample.options) for sample in samples} == {options}


def test_another_right_option_is_rejected():
    for seed in seeds(300):
        sample = SyntheticFacts().draw(seed)
        for other in range(-4, 5):
            assert is_true(replace(sample, right=other)) == (other == sample.right)


def test_a_changed_option_document_or_fact_is_rejected():
    for seed in seeds(200):
        sample = SyntheticFacts().draw(seed)
        options = list(sample.options)
        options[sample.right] = "Zeno"
        assert not is_true(replace(sample, options=tuple(options)))
        options[sample.right] = options[sample.right - 1]
        assert not is_true(replace(sample, options=tuple(options)))
        assert not is_true(replace(sample, document=sample.document + "."))
        year = next(person.year for person in read_passage(passage_of(sample)).people)  # type: ignore[union-attr]
        assert not is_true(replace(sample, question=sample.question.replace(year, "1999")))


def test_an_option_that_the_passage_does_not_mention_makes_it_untrue():
    sample = asking("What was the trade of Cedo?", "weaver")
    assert is_true(sample)
    assert not is_true(replace(sample, options=("smith", "weaver", "mason", "innkeeper")))


def test_options_are_all_different():
    sample = asking("What was the trade of Cedo?", "weaver")
    assert not is_true(replace(sample, options=("mason", "weaver", "mason", "innkeeper")))
    assert not is_true(replace(sample, options=("weaver", "weaver", "mason", "innkeeper")))


def test_every_option_is_mentioned_as_often_as_the_others():
    for seed in seeds(1000):
        sample = SyntheticFacts().draw(seed)
        counts = {passage_of(sample).count(option) for option in sample.options}
        assert counts == ({1} if sample.options[0].isdigit() or sample.options[0] in TRADES else {2})


def test_neither_the_place_among_the_options_nor_in_the_passage_tells_the_right_one():
    places, orders = Counter(), Counter()
    for seed in seeds(4000):
        sample = SyntheticFacts().draw(seed)
        places[sample.right] += 1
        order = sorted(sample.options, key=passage_of(sample).index)
        orders[order.index(sample.options[sample.right])] += 1
    assert all(880 < places[i] < 1120 for i in range(4))
    assert all(880 < orders[i] < 1120 for i in range(4))


def test_nobody_whom_the_question_names_is_an_option():
    for seed in seeds(500):
        sample = SyntheticFacts().draw(seed)
        question = sample.question.replace(passage_of(sample), "")
        assert not any(option in question for option in sample.options)


def test_every_kind_of_question_is_asked_about_equally_often():
    kinds = Counter(kind_of(SyntheticFacts().draw(seed)) for seed in seeds(1400))
    assert set(kinds) == set(QUESTIONS)
    assert all(60 < count < 140 for count in kinds.values())


def test_passages_have_five_to_nine_sentences_and_samples_are_short():
    samples = [SyntheticFacts().draw(seed) for seed in seeds(1000)]
    assert {passage_of(sample).count(".") for sample in samples} == {6, 7, 8}
    sizes = [len((sample.question + "".join(sample.options)).encode()) for sample in samples]
    assert sum(sizes) / len(sizes) < 610
    assert max(sizes) <= 740


def test_seeds_share_next_to_nothing():
    assert shared(SyntheticFacts()) <= 0.001


def test_a_sample_depends_on_its_seed_alone():
    stream = SyntheticFacts()
    forward = [stream.draw(seed) for seed in seeds(20)]
    assert [SyntheticFacts().draw(seed) for seed in reversed(seeds(20))] == forward[::-1]


@pytest.mark.parametrize("options", [1, 9, True, "4", None])
def test_a_wrong_number_of_options_is_refused(options: Any):
    with pytest.raises(SetupError, match="stream synthetic_facts: options must be a whole number from 2 to 8; found"):
        SyntheticFacts(options=options)


def test_hostile_samples_are_not_true():
    assert not any(map(is_true, hostile()))
