"""Table lookup: what the table in the question gives, the same for every validator."""

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from finetune.errors import SetupError
from finetune.streams.sample import Message, Sample
from finetune.streams.table_lookup import TableLookup, is_true
from finetune.streams.tables import FORMS, Table, read_table
from tests.finetune.streams.generated import digest, seeds, shared
from tests.finetune.streams.hostile import hostile

BOATS = Table(
    columns=("boat", "length", "colour", "age"),
    rows=(("Ada", "30", "red", "7"), ("Bix", "12", "blue", "9"), ("Cor", "45", "red", "30"), ("Dun", "8", "red", "2")),
)
DOCUMENT = "Ada 7 red 30; Bix 9 blue 12; Cor 30 red 45; Dun 2 red 8"
# What a reader finds in that table, and what shows it.
CASES = """
    What is the length of Bix? > 12 > Bix: length 12
    Look up the colour of Dun. > red > Dun: colour red
    Which boat has the age 30? > Cor > Cor: age 30
    For which boat is blue the colour? > Bix > Bix: colour blue
    Which has the lower length, Ada or Bix? > Bix > Ada 30, Bix 12
    Of Ada and Bix, name the one with the higher length. > Ada > Ada 30, Bix 12
    By how much is the length of Cor higher than that of Dun? > 37 > 45 - 8 = 37
    The age of Ada is lower than that of Cor. By how much? > 23 > 30 - 7 = 23
    How many boats have the colour red? > 3 > Ada, Cor, Dun
    Count the boats whose age is above 7. > 2 > Bix, Cor
    For how many boats is the age below 2? > 0 > none
    Add up the length of all boats with the colour red. > 83 > 30 + 45 + 8 = 83
    What is the sum of the age over the boats whose colour is blue? > 9 > 9 = 9
    Which boat has the highest length? > Cor > Cor 45
    Name the boat with the second lowest age. > Ada > Dun 2, Ada 7
    Whose length is the third highest of all boats? > Bix > Cor 45, Ada 30, Bix 12
    Among the boats whose colour is red, which has the lowest length? > Dun > Dun 8
    Which of the boats with the colour red has the second highest age? > Ada > Cor 30, Ada 7
    In which column of Dun does 8 stand? > length > Dun: length 8
    What is red in the row of Cor: name the column. > colour > Cor: colour red
"""
READ = [tuple(line.strip().split(" > ")) for line in CASES.strip().splitlines()]
NO_ANSWER = (
    "What is the length of Eve?",
    "What is the weight of Ada?",
    "What is the boat of Ada?",
    "Which boat has the colour red?",
    "Which ship has the age 30?",
    "Which has the lower colour, Ada or Bix?",
    "Which has the lower age, Ada or Ada?",
    "By how much is the length of Dun higher than that of Cor?",
    "How many boats have the colour green?",
    "Add up the colour of all boats with the colour red.",
    "Add up the length of all boats with the colour green.",
    "Among the boats whose colour is blue, which has the lowest length?",
    "Among the boats whose colour is red, which has the third lowest weight?",
    "In which column of Cor does 30 come?",
    "Why?",
)


def asking(question: str, reference: str, table: str = FORMS["markdown"](BOATS)) -> Sample:
    messages = (Message(role="user", content=f"{table}\n\n{question}"),)
    return Sample(messages=messages, reference=reference, document=DOCUMENT)


def test_a_hundred_samples_never_change():
    assert (
        digest(map(TableLookup().draw, seeds(100)))
        == "21040941d7bd5d30660f843b293f2b8c1fd47ee1c23f9c991f87c31b7e56c6fd"
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("question", "answer", "reason"), READ)
def test_a_reader_finds_what_is_asked_in_a_table_of_any_form(form: str, question: str, answer: str, reason: str):
    table = FORMS[form](BOATS)
    assert is_true(asking(question, answer, table))
    assert not is_true(asking(question, answer + "1", table))
    reasoned = question + " First give what in the table shows it, then the answer on a line of its own."
    assert is_true(asking(reasoned, f"{reason}\n{answer}", table))
    assert not is_true(asking(reasoned, answer, table))


def test_only_what_the_user_asks_counts():
    sample = asking("What is the length of Bix?", "12")
    (message,) = sample.messages
    assert is_true(sample)
    assert not is_true(replace(sample, messages=(replace(message, role="assistant"),)))
    assert not is_true(replace(sample, messages=(message, message)))


@pytest.mark.parametrize("question", NO_ANSWER)
def test_a_question_that_the_table_does_not_answer_has_no_true_reference(question: str):
    for reference in ("Ada", "Bix", "Cor", "Dun", "30", "8", "0", "-37", "length", "colour", "red", "none"):
        assert not is_true(asking(question, reference))


@pytest.mark.parametrize(
    "text",
    [
        "boat,age\nAda,7\nAda,9",
        "boat,age,age\nAda,7,9",
        "boat,age\nAda",
        "boat,age",
        "boat\nAda",
        "| boat | age |\n| Ada | 7 |",
        "boat: Ada, age: 7\nboat: Bix, length: 9",
        "boat,age\nAda,7!",
        "",
    ],
)
def test_what_is_no_table_is_not_read(text: str):
    assert read_table(text) is None


@pytest.mark.parametrize(
    "options", [{}, {"reason": True}, {"min_rows": 3, "columns": 2}, {"max_rows": 20, "columns": 6}]
)
def test_every_truth_is_accepted(options: dict[str, Any]):
    stream = TableLookup(**options)
    assert all(is_true(stream.draw(seed)) for seed in seeds(1000 if not options else 300))


def test_another_answer_is_rejected():
    samples = [TableLookup().draw(seed) for seed in seeds(300)]
    for sample, other in pairwise(samples):
        if sample.reference != other.reference:
            assert not is_true(replace(sample, reference=other.reference))
        assert not is_true(replace(sample, document=other.document))
        assert not is_true(replace(sample, reference=sample.reference + " "))
        if sample.reference.isdigit():
            assert not is_true(replace(sample, reference=str(int(sample.reference) + 1)))


def test_a_changed_figure_or_name_in_the_reason_is_rejected():
    for seed in seeds(200):
        sample = TableLookup(reason=True).draw(seed)
        for found in re.finditer(r"\d+|[A-Z][a-z]+", sample.reference):
            changed = str(int(found[0]) + 1) if found[0].isdigit() else "Zed"
            assert not is_true(
                replace(sample, reference=sample.reference[: found.start()] + changed + sample.reference[found.end() :])
            )


def test_rows_and_columns_cover_their_range_and_no_more():
    tables = [TableLookup(min_rows=3, max_rows=5, columns=4).draw(seed).document for seed in seeds(100)]
    assert {len(table.split("; ")) for table in tables} == {3, 4, 5}
    assert {len(row.split(" ")) for table in tables for row in table.split("; ")} == {5}


def test_every_answer_is_a_word_or_a_number_unless_reasons_are_asked_for():
    assert all(re.fullmatch(r"\w+", TableLookup().draw(seed).reference) for seed in seeds(300))
    assert all(TableLookup(reason=True).draw(seed).reference.count("\n") == 1 for seed in seeds(300))


def test_the_same_cells_in_another_order_are_one_document():
    turned = "boat,age,length,colour\nDun,2,8,red\nCor,30,45,red\nBix,9,12,blue\nAda,7,30,red"
    assert is_true(asking("What is the length of Bix?", "12", turned))


def test_samples_are_short():
    sizes = [len((s.messages[0].content + s.reference).encode()) for s in map(TableLookup().draw, seeds(2000))]
    assert sum(sizes) / len(sizes) < 280
    assert max(sizes) <= 500


def test_seeds_share_next_to_nothing():
    assert shared(TableLookup()) <= 0.001


def test_a_sample_depends_on_its_seed_alone():
    stream = TableLookup()
    forward = [stream.draw(seed) for seed in seeds(20)]
    assert [TableLookup().draw(seed) for seed in reversed(seeds(20))] == forward[::-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_rows": 2}, "stream table_lookup: min_rows must be a whole number from 3 to 20; found 2"),
        ({"min_rows": 7}, "max_rows must be a whole number from 7 to 20; found 6"),
        ({"max_rows": 21}, "found 21"),
        ({"columns": 1}, "columns must be a whole number from 2 to 6; found 1"),
        ({"columns": 7}, "found 7"),
        ({"reason": 1}, "stream table_lookup: reason must be true or false; found 1"),
    ],
)
def test_a_wrong_option_is_refused(options: dict[str, Any], said: str):
    with pytest.raises(SetupError, match=said):
        TableLookup(**options)


def test_hostile_samples_are_not_true():
    assert not any(map(is_true, hostile()))
