"""Date reasoning: what a calendar says, the same for every validator."""

from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from finetune.errors import SetupError
from finetune.streams import dates
from finetune.streams.date_questions import QUESTIONS
from finetune.streams.date_reasoning import DateReasoning, is_true
from finetune.streams.sample import Message, Sample
from tests.finetune.streams.generated import digest, seeds, shared
from tests.finetune.streams.hostile import hostile

# A question, its true answer, and its document.
CASES = """
    How many days after 28 February 1900 is 1 March 1900? > 1 > between 1900-03-01 1900-02-28
    How many days after 28 February 2000 is 1 March 2000? > 2 > between 2000-03-01 2000-02-28
    How many days after 2023-12-25 is 2024-12-25? > 366 > between 2024-12-25 2023-12-25
    Give the date 3 weeks before March 10, 2024, written in the same way. > February 18, 2024 > \
shift 3 before 2024-03-10 weeks
    Which date is 30 days after 31-Jan-2023? Write it in the same form. > 2-Mar-2023 > shift 30 after 2023-01-31 days
    2 March 2026 is a Monday. Which day of the week is 1 March 2026? > Sunday > weekday 2026-03-01 2026-03-02 Monday
    1 January 1600 is a Saturday. Which day of the week is 31 December 1600? > Sunday > \
weekday 1600-12-31 1600-01-01 Saturday
    The club meets every 9 days, and met first on 2024-01-01. Give the date of its second meeting after 2024-01-10, \
written in the same way. > 2024-01-28 > schedule 9 2024-01-10 second 2024-01-01
    Setting out at 22:30, Leo walks 2 h 15 min, rests 20 min and walks another 3 h 5 min. What does the clock show \
when he is there? > 04:10 > arrival 22:30 2 15 3 5 20
    A watch lasts from 23:50 on 31 December 1999 to 00:05 on 2 January 2000. How long is that? Answer like 5 h 30 min. \
> 24 h 15 min > duration 23:50 2000-01-02 00:05 1999-12-31
    Which of the years 1900, 2000, 2004, 2022, 2100 are leap years? Keep their order; if there are none, say none. \
> 2000, 2004 > leap years 1900, 2000, 2004, 2022, 2100
    Out of 1800, 1999, name in order the years of 366 days, or reply none. > none > leap years 1800, 1999
    How many leap days lie strictly between 29 February 2004 and 29 February 2012? > 1 > \
leap days 2012-02-29 2004-02-29
    How many leap days lie strictly between 1 January 1897 and 1 January 1904? > 0 > leap days 1904-01-01 1897-01-01
"""
READ = [tuple(line.strip().split(" > ")) for line in CASES.strip().splitlines()]
SENSELESS = [
    ("How many days after 1 March 2000 is 1 March 1999?", "-366", "between 1999-03-01 2000-03-01"),
    ("How many days after 2000-03-01 is 2000-03-01?", "0", "between 2000-03-01 2000-03-01"),
    ("How many days after 30 February 2000 is 1 March 2000?", "1", "between 2000-03-01 2000-02-30"),
    ("How many days after 2000-13-01 is 2001-01-01?", "1", "between 2001-01-01 2000-13-01"),
    ("How many days after 1 March 2000 is 2000-03-02?", "1", "between 2000-03-02 2000-03-01"),
    ("2 March 2026 is a Tuesday. Which day of the week is 1 March 2026?", "Sunday", "weekday 2026-03-01 2026-03-02 "
     "Tuesday"),
    ("Out of 2000, 2000, name in order the years of 366 days, or reply none.", "2000, 2000", "leap years 2000, 2000"),
    ("How many leap days lie strictly between 29 February 2012 and 29 February 2004?", "0", "leap days 2004-02-29 "
     "2012-02-29"),
    ("A watch lasts from 23:50 on 2000-01-01 to 22:40 on 2000-01-01. How long is that? Answer like 5 h 30 min.",
     "-2 h 50 min", "duration 23:50 2000-01-01 22:40 2000-01-01"),
    ("Setting out at 29:30, Leo walks 2 h 15 min, rests 20 min and walks another 3 h 5 min. What does the clock show "
     "when he is there?", "11:10", "arrival 29:30 2 15 3 5 20"),
    ("What day is it?", "Monday", "weekday"),
]  # fmt: skip


def asking(question: str, reference: str, document: str) -> Sample:
    return Sample(messages=(Message(role="user", content=question),), reference=reference, document=document)


def test_a_hundred_samples_never_change():
    assert (
        digest(map(DateReasoning().draw, seeds(100)))
        == "818a789f019a9ce86cd9eb487698cc85f45a848db591dd5d070d5ad693ce9c49"
    )


@pytest.mark.parametrize(("question", "answer", "document"), READ)
def test_a_reader_with_a_calendar_finds_the_answer(question: str, answer: str, document: str):
    assert is_true(asking(question, answer, document))
    assert not is_true(asking(question, answer + "0", document))
    assert not is_true(asking(question, answer, document + " "))


@pytest.mark.parametrize(("question", "answer", "document"), SENSELESS)
def test_a_question_that_makes_no_sense_has_no_true_reference(question: str, answer: str, document: str):
    assert not is_true(asking(question, answer, document))


def test_the_calendar_by_counting_is_the_calendar_of_the_library():
    for number in range(1, date.max.toordinal() + 1, 997):
        day = date.fromordinal(number)
        assert dates.date_of(number) == (day.year, day.month, day.day)
        assert dates.day_number((day.year, day.month, day.day)) == number
        assert dates.weekday(number) == dates.WEEKDAYS[day.weekday()]


@pytest.mark.parametrize("form", dates.FORMS)
def test_a_date_is_read_in_the_form_it_is_shown_in(form: str):
    for number in range(date(1900, 1, 1).toordinal(), date(1901, 1, 1).toordinal()):
        day = dates.date_of(number)
        assert dates.read_date(dates.show(day, form)) == (form, day)


@pytest.mark.parametrize(
    "text", ["29 February 1900", "0 May 2000", "32 May 2000", "2000-00-10", "5/6/2000", "May 2000"]
)
def test_what_is_no_date_is_not_read(text: str):
    with pytest.raises(ValueError, match="is no date"):
        dates.read_date(text)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"earliest_year": 1100, "latest_year": 1120, "most_days": 30},
        {"earliest_year": 9780, "latest_year": 9800, "most_days": 30_000},
    ],
)
def test_every_truth_is_accepted(options: dict[str, Any]):
    stream = DateReasoning(**options)
    assert all(is_true(stream.draw(seed)) for seed in seeds(500 if options else 1000))


def test_another_answer_is_rejected():
    samples = [DateReasoning().draw(seed) for seed in seeds(500)]
    for sample, other in pairwise(samples):
        if sample.reference != other.reference:
            assert not is_true(replace(sample, reference=other.reference))
        assert not is_true(replace(sample, document=other.document))


def test_a_changed_digit_or_weekday_or_month_is_rejected():
    for seed in seeds(300):
        sample = DateReasoning().draw(seed)
        for i, letter in enumerate(sample.reference):
            changed = str((int(letter) + 1) % 10) if letter.isdigit() else "x"
            assert not is_true(replace(sample, reference=sample.reference[:i] + changed + sample.reference[i + 1 :]))


def test_a_changed_premise_is_rejected():
    for seed in seeds(500):
        sample = DateReasoning().draw(seed)
        question = sample.messages[0].content
        for weekday, other in pairwise(dates.WEEKDAYS):
            if weekday in question:
                changed = Message(role="user", content=question.replace(weekday, other))
                assert not is_true(replace(sample, messages=(changed,)))


def test_dates_and_spans_cover_their_range_and_no_more():
    stream = DateReasoning(earliest_year=2000, latest_year=2020, most_days=30)
    samples = [stream.draw(seed) for seed in seeds(3000)]
    spans = {int(sample.reference) for sample in samples if sample.document.startswith("between")}
    assert spans == set(range(2, 31))
    starts = [sample.document.split()[2][:4] for sample in samples if sample.document.startswith("between")]
    assert set(starts) == {str(year) for year in range(2000, 2021)}


def test_every_kind_of_question_is_asked_about_equally_often():
    documents = [DateReasoning().draw(seed).document for seed in seeds(2000)]
    for kind in QUESTIONS:
        assert 180 < sum(document.startswith(kind) for document in documents) < 320


def test_every_weekday_is_the_answer_about_equally_often():
    references = [DateReasoning().draw(seed).reference for seed in seeds(8000)]
    counts = [references.count(weekday) for weekday in dates.WEEKDAYS]
    assert min(counts) > 100
    assert max(counts) < 190


def test_samples_are_short():
    sizes = [len((s.messages[0].content + s.reference).encode()) for s in map(DateReasoning().draw, seeds(2000))]
    assert sum(sizes) / len(sizes) < 120
    assert max(sizes) <= 200


def test_seeds_share_next_to_nothing():
    assert shared(DateReasoning()) <= 0.001


def test_a_sample_depends_on_its_seed_alone():
    stream = DateReasoning()
    forward = [stream.draw(seed) for seed in seeds(20)]
    assert [DateReasoning().draw(seed) for seed in reversed(seeds(20))] == forward[::-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"earliest_year": 1099}, "stream date_reasoning: earliest_year must be a whole number from 1100 to 9780"),
        ({"earliest_year": 2190}, "latest_year must be a whole number from 2210 to 9800; found 2199"),
        ({"latest_year": 9801}, "found 9801"),
        ({"most_days": 29}, "most_days must be a whole number from 30 to 30000; found 29"),
        ({"most_days": 30_001}, "found 30001"),
        ({"most_days": 100.0}, "found 100.0"),
    ],
)
def test_a_wrong_option_is_refused(options: dict[str, Any], said: str):
    with pytest.raises(SetupError, match=said):
        DateReasoning(**options)


def test_hostile_samples_are_not_true():
    assert not any(map(is_true, hostile()))
