"""Word problems: what a reader works out, the same for every validator."""

import re
from dataclasses import replace
from typing import Any

import pytest

from finetune.errors import SetupError
from finetune.streams.problems.measures import DOLLARS, FEET, HOURS, KILOGRAMS, POUNDS, dozens
from finetune.streams.problems.settings import BESIDE, QUESTIONS, SETTINGS, STEPS
from finetune.streams.problems.solution import solutions
from finetune.streams.sample import InstructionSample, Message, Sample
from finetune.streams.word_problems import ENDINGS, WORDINGS, WordProblems, is_true
from tests.finetune.streams.generated import digest, seeds, shared

FLOUR = (
    "Belda buys three bags with 1.5 kg of flour in each. Corma has 4 kg besides, and keeps all. Belda uses 700 g.",
    "If Belda splits the flour into four equal parts, how much is one, in kg?",
    "1.5 kg * 3 = 4.5 kg\n4.5 kg = 4500 g\n4500 g - 700 g = 3800 g\n3800 g / 4 = 950 g\n950 g = 0.95 kg\n"
    "Answer: 0.95 kg",
)
TRUE = [
    FLOUR,
    (
        "Belda has 3 pounds 4 ounces of rice. It is 20 degrees outside. Belda then sells a quarter of the rice.",
        "How many bags can Belda fill with 13 ounces in each?",
        "3 pounds 4 ounces = 52 ounces\n52 ounces / 4 = 13 ounces\n52 ounces - 13 ounces = 39 ounces\n"
        "39 ounces / 13 ounces = 3\nAnswer: 3 bags",
    ),
    (
        "Belda has 9.50 dollars in one pocket and 50 cents in the other. Belda buys two hats at 2.25 dollars each.",
        "How much money does Belda still need for a bicycle at 20 dollars, in dollars?",
        "9.50 dollars = 950 cents\n950 cents + 50 cents = 1000 cents\n2.25 dollars * 2 = 4.50 dollars\n"
        "4.50 dollars = 450 cents\n1000 cents - 450 cents = 550 cents\n20 dollars = 2000 cents\n"
        "2000 cents - 550 cents = 1450 cents\n1450 cents = 14.50 dollars\nAnswer: 14.50 dollars",
    ),
    (
        "Belda has 2 dozen eggs. Then three friends give Belda 12 eggs each. "
        "After a trade, Belda has twice as many as before.",
        "How many eggs does Belda have now?",
        "12 eggs * 3 = 36 eggs\n2 dozen eggs = 24 eggs\n24 eggs + 36 eggs = 60 eggs\n60 eggs * 2 = 120 eggs\n"
        "Answer: 120 eggs",
    ),
    (
        "The road to Norham is 12 km long, and Belda wants to walk there. A detour makes the way 3 km longer.",
        "How far must Belda go a day, in km, to arrive in two days?",
        "12 km + 3 km = 15 km\n15 km / 2 = 7.5 km\nAnswer: 7.5 km",
    ),
    (
        "Belda has 2 hours of free time. Belda writes five letters, which takes 10 minutes each. "
        "Belda sleeps for 9 minutes.",
        "How much time is left, in minutes?",
        "10 minutes * 5 = 50 minutes\n2 hours = 120 minutes\n120 minutes - 50 minutes = 70 minutes\n"
        "70 minutes - 9 minutes = 61 minutes\nAnswer: 61 minutes",
    ),
]


def asking(story: str, question: str, reference: str) -> Sample:
    content = WORDINGS[0].say(story=story, question=question, ending=ENDINGS[0])
    document = reference.replace("\n", " | ")
    return Sample(messages=(Message(role="user", content=content),), reference=reference, document=document)


def saying(sample: Sample, reference: str) -> Sample:
    return replace(sample, reference=reference, document=reference.replace("\n", " | "))


def test_a_hundred_samples_never_change():
    samples = [WordProblems().draw(seed) for seed in seeds(100)]
    assert digest(samples) == "b86efca0ac314f47c98bb3e753361220719ceaf82e86b360f720b5bed44c8728"


def test_every_reference_is_true():
    assert all(is_true(WordProblems().draw(seed)) for seed in seeds(1000))


@pytest.mark.parametrize(("story", "question", "reference"), TRUE)
def test_the_checker_agrees_with_a_reader(story: str, question: str, reference: str):
    assert is_true(asking(story, question, reference))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1.5 kg * 3 = 4.5 kg\n", ""),
        ("4.5 kg = 4500 g\n", "4.5 kg = 4500 g\n4.5 kg = 450 g\n"),
        ("4.5 kg = 4500 g\n", "4.5 kg = 4500 g\n4500 g = 4500 g\n"),
        ("4.5 kg = 4500 g\n", ""),
        ("950 g = 0.95 kg\n", ""),
        ("1.5 kg * 3 = 4.5 kg", "2.25 kg * 2 = 4.5 kg"),
        ("4500 g - 700 g = 3800 g", "4500 g - 700 g = 3900 g"),
        ("4500 g - 700 g = 3800 g", "3000 g + 800 g = 3800 g"),
        ("4500 g - 700 g = 3800 g", "4500 g + 700 g = 5200 g"),
        ("3800 g / 4 = 950 g\n", "3800 g / 4 = 950\n"),
        ("3800 g / 4 = 950 g\n", "3800 g / 4 = 950 g\n950 g * 4 = 3800 g\n"),
        ("3800 g / 4 = 950 g\n", "3800 g * 4 = 15200 g\n"),
        ("3800 g / 4 = 950 g\n", "so it is 950 g\n"),
        ("Answer: 0.95 kg", "Answer: 950 g"),
        ("Answer: 0.95 kg", "Answer: 0.95"),
        ("Answer: 0.95 kg", "Answer: 0.96 kg"),
        ("\nAnswer: 0.95 kg", ""),
        ("Answer: 0.95 kg", "Answer: 0.950 kg"),
    ],
)
def test_a_wrong_or_foreign_step_is_not_true(old: str, new: str):
    story, question, reference = FLOUR
    assert old in reference
    assert not is_true(asking(story, question, reference.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1.5 kg of", "1.6 kg of"),
        ("three bags", "two bags"),
        ("uses 700 g", "uses 800 g"),
        ("uses 700 g", "uses 700 ml"),
        ("uses 700 g.", "buys another 700 g."),
        ("uses 700 g.", "uses 700 g. Belda uses 100 g."),
        ("uses 700 g.", "weighs 700 g."),
        ("of flour", "of milk"),
        ("four equal parts", "five equal parts"),
        ("four equal parts", "seven equal parts"),
        ("kg?", "kg? Show it."),
        ("in kg?", "in g?"),
        ("in kg?", "in pounds?"),
        ("Belda uses 700 g.", "Belda uses 9000 g."),
        ("Belda buys three bags with 1.5 kg of flour in each. ", ""),
    ],
)
def test_another_story_or_question_has_another_truth(old: str, new: str):
    story, question, reference = FLOUR
    assert old in f"{story} {question}"
    assert not is_true(asking(story.replace(old, new), question.replace(old, new), reference))


def test_what_is_of_no_matter_changes_nothing():
    story, question, reference = FLOUR
    assert is_true(asking(story.replace("has 4 kg", "has 5 kg"), question, reference))


def test_every_line_and_number_of_a_reasoning_matters():
    for seed in seeds(60):
        sample = WordProblems().draw(seed)
        for found in re.finditer(r"\d+", sample.reference):
            other = str(int(found[0]) + 1)
            changed = sample.reference[: found.start()] + other + sample.reference[found.end() :]
            assert not is_true(saying(sample, changed))
        lines = sample.reference.split("\n")
        for i, line in enumerate(lines):
            # What an earlier line told already need not be told again.
            if line.split(" = ")[-1] in "\n".join(lines[:i]):
                continue
            assert not is_true(saying(sample, "\n".join(lines[:i] + lines[i + 1 :])))
        assert not is_true(replace(sample, document=sample.document + " "))


def test_numbers_of_the_story_matter():
    for seed in seeds(300):
        sample = WordProblems(distractors=0).draw(seed)
        (message,) = sample.messages
        found = next(re.finditer(r"\d+", message.content))
        other = str(int(found[0]) + 1)
        changed = message.content[: found.start()] + other + message.content[found.end() :]
        assert not is_true(replace(sample, messages=(replace(message, content=changed),)))


@pytest.mark.parametrize(
    ("question", "reference"),
    [
        ("In g, how much rice is one of three equal parts?", "10 g / 3 = 3 g\nAnswer: 3 g"),
        ("How many bags can Belda fill with 4 g in each?", "10 g / 4 g = 2\nAnswer: 2 bags"),
        ("In g, how much is Belda short of 10 g?", "10 g - 10 g = 0 g\nAnswer: 0 g"),
        ("In g, how much is Belda short of 9 g?", "9 g - 10 g = -1 g\nAnswer: -1 g"),
    ],
)
def test_a_division_with_a_rest_and_an_amount_below_a_unit_are_not_true(question: str, reference: str):
    story = "Belda has 10 g of rice."
    assert is_true(asking(story, "In g, how much is Belda short of 19 g?", "19 g - 10 g = 9 g\nAnswer: 9 g"))
    assert not is_true(asking(story, question, reference))


@pytest.mark.parametrize(
    "sample",
    [
        Sample(messages=(), reference="Answer: 1 kg", document="Answer: 1 kg"),
        asking("", "", ""),
        asking("Belda has 9 kg of rice.", "How much rice does Belda have now, in kg?", ""),
        asking(
            "Belda has 9 kg of rice. Belda begins with 4 kg of rice. Belda uses 1 kg.",
            "How much rice does Belda have now, in kg?",
            "4 kg - 1 kg = 3 kg\nAnswer: 3 kg",
        ),
        asking("Belda has 9 kg of rice.", "How many bags can Belda fill with 0 kg in each?", "Answer: 1 bags"),
        asking("Belda has " + "9" * 9000 + " kg of rice.", "In kg, how much rice does Belda have in the end?", "9"),
        asking("Belda has 0 kg of rice.", "In kg, how much rice does Belda have in the end?", "Answer: 0 kg"),
        asking(FLOUR[0], FLOUR[1], FLOUR[2].replace("3 =", "9" * 9000 + " =")),
        asking(FLOUR[0], FLOUR[1], "\ud800\nAnswer: 0.95 kg"),
        InstructionSample(messages=(), rules=(), document=""),
    ],
)
def test_a_sample_that_is_not_of_this_stream_is_not_true(sample: Any):
    assert not is_true(sample)


@pytest.mark.parametrize(
    ("measure", "amount", "texts"),
    [
        (KILOGRAMS, 1500, ["1.5 kg", "1500 g"]),
        (KILOGRAMS, 1005, ["1.005 kg", "1005 g"]),
        (KILOGRAMS, 12_000, ["12 kg"]),
        (POUNDS, 16, ["1 pound", "16 ounces"]),
        (POUNDS, 17, ["17 ounces", "1 pound 1 ounce"]),
        (HOURS, 75, ["1.25 hours", "75 minutes", "1 hour 15 minutes"]),
        (FEET, 13, ["13 inches", "1 foot 1 inch"]),
        (DOLLARS, 1250, ["12.50 dollars"]),
        (DOLLARS, 100, ["1 dollar"]),
        (DOLLARS, 80, ["0.80 dollars", "80 cents"]),
        (dozens("eggs"), 36, ["3 dozen eggs", "36 eggs"]),
        (dozens("eggs"), 1, ["1 egg"]),
    ],
)
def test_an_amount_is_told_in_these_ways_and_read_again(measure: Any, amount: int, texts: list[str]):
    assert [measure.say(amount, form) for form in measure.forms(amount)] == texts
    assert [measure.read(text) for text in texts] == [amount] * len(texts)


@pytest.mark.parametrize(
    "text", ["", "1.5", "kg", "1,5 kg", "1.50 kg", "1 kg 500 g", "0 g", "1.5 g", "01 g", "1 kilo", "٣ g"]
)
def test_an_amount_told_in_another_way_is_not_read(text: str):
    assert KILOGRAMS.read(text) is None


def test_no_sentence_can_be_read_in_two_ways():
    values = {"name": "Belda", "other": "Corma", "town": "Norham", "n": "three", "times": "twice", "part": "half"}
    for setting in SETTINGS:
        for stuff, measures in setting.stuffs.items():
            for measure in measures:
                told = {**values, "stuff": stuff, "boxes": setting.boxes[0], "unit": measure.small, "number": 20}
                told |= {"a": measure.say(24, "small"), "b": measure.say(36, measure.forms(36)[-1])}
                sentences = [w.say(**told) for kind in setting.sentences for w in setting.sentences[kind]]
                sentences += [wording.say(**told) for wording in BESIDE]
                for sentence in sentences:
                    kinds = [
                        k
                        for k, known in {**setting.sentences, "": BESIDE}.items()
                        if any(w.read(sentence) for w in known)
                    ]
                    assert len(kinds) == 1, sentence


def test_every_setting_has_the_sentences_that_a_story_needs():
    for setting in SETTINGS:
        assert set(setting.sentences) - {"beside"} <= set(STEPS)
        assert {"start", "start many", "start two", "more", "less", "left", "beside"} <= set(setting.sentences)


def steps(sample: Sample) -> int:
    return sum(bool(re.search(r" [-+*/] ", line)) for line in sample.reference.split("\n"))


def test_options_cover_their_range_and_no_more():
    samples = [WordProblems(min_steps=3, max_steps=6, distractors=0).draw(seed) for seed in seeds(300)]
    assert {steps(sample) for sample in samples} == {3, 4, 5, 6}
    besides = [wording for setting in SETTINGS for wording in setting.sentences["beside"]] + list(BESIDE)
    counts = set()
    for seed in seeds(300):
        sentences = re.split(r"(?<=[.?:]) |\n", WordProblems(distractors=2).draw(seed).messages[0].content)
        counts.add(sum(any(wording.read(sentence) for wording in besides) for sentence in sentences))
    assert counts == {0, 1, 2}


def test_ends_of_the_range_of_options_give_true_samples():
    for options in ({"max_steps": 2}, {"min_steps": 8, "max_steps": 8}, {"distractors": 4}):
        assert all(is_true(WordProblems(**options).draw(seed)) for seed in seeds(60))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_steps": 1}, "stream word_problems: min_steps must be a whole number from 2 to 8; found 1"),
        ({"min_steps": 6}, "max_steps must be a whole number from 6 to 8; found 5"),
        ({"max_steps": 9}, "found 9"),
        ({"distractors": -1}, "distractors must be a whole number from 0 to 4; found -1"),
        ({"distractors": 5}, "found 5"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_allowed(options: dict[str, int], said: str):
    with pytest.raises(SetupError, match=said):
        WordProblems(**options)


def test_every_wording_question_and_form_is_drawn_and_samples_are_short():
    samples = [WordProblems().draw(seed) for seed in seeds(1500)]
    texts = [sample.messages[0].content for sample in samples]
    assert all(any(wording.read(text) for text in texts) for wording in WORDINGS)
    for setting in SETTINGS:
        for kind in setting.sentences.keys() & set(QUESTIONS):
            start = [re.split(r"\{", wording.text)[0] for wording in setting.sentences[kind]]
            assert any(part in text for text in texts for part in start)
    sizes = sorted(len((sample.messages[0].content + sample.reference).encode()) for sample in samples)
    assert sizes[-1] <= 800
    assert sum(sizes) / len(sizes) < 430


def test_two_rounds_share_practically_nothing():
    assert shared(WordProblems()) <= 0.001


def test_the_same_reasoning_from_another_story_is_one_document():
    one = "Belda has 9 kg of rice. Belda uses 4 kg.", "In kg, how much rice does Belda have in the end?"
    other = (
        "Corma begins with 9 kg of salt. Dalro borrows 4 kg from Corma.",
        "How much salt does Corma have now, in kg?",
    )
    samples = [asking(*told, "9 kg - 4 kg = 5 kg\nAnswer: 5 kg") for told in (one, other)]
    assert all(is_true(sample) for sample in samples)
    assert samples[0].document == samples[1].document


def test_a_sample_depends_on_its_seed_alone():
    first, second = seeds(2)
    stream = WordProblems()
    alone = stream.draw(second)
    assert stream.draw(first) != alone
    assert stream.draw(second) == alone


def test_a_story_without_a_question_comes_to_nothing():
    assert not list(solutions([]))
    assert not list(solutions(["Belda has 9 kg of rice."]))
    assert not list(solutions(["Belda has 9 kg of rice.", "Belda uses 4 kg."]))
    assert not list(solutions(["Belda uses 4 kg.", "In kg, how much rice does Belda have in the end?"]))
