"""Multiple-choice questions of the hub: read as published, hostile ones skipped by rule, one document a passage."""

import hashlib

import pyarrow as pa
import pytest

from finetune.errors import SetupError, StreamError
from finetune.streams.registry import open_stream
from finetune.streams.sample import ChoiceSample
from tests.finetune.hub.datasets import parquet
from tests.finetune.streams.remote import ROUND, seed

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

GOOD = {"question": "Who?", "options": ["Abel", "Bera", "Cleo"], "right": 1, "passage": "Bera did it."}
NAMES = ("question", "options", "right", "passage")


def row(**changes):
    return GOOD | changes


def published(hub, *rows, names=NAMES):
    kinds = {"options": pa.list_(pa.string()), "right": pa.int64()}
    columns = {name: pa.array([one[name] for one in rows], kinds.get(name, pa.string())) for name in NAMES}
    return hub.new({"a.parquet": parquet(dict(zip(names, columns.values(), strict=True)))}, time=500.0)


def opened(machine, repository, **options):
    return open_stream("hub_questions", {"repository": repository} | options, ROUND, sources=machine.sources)


def drawn(stream, count=40):
    return [stream.draw(seed(number)) for number in range(count)]


def test_a_row_is_a_question_with_its_options_in_their_order(hub, new_machine):
    (sample,) = drawn(opened(new_machine(), published(hub, GOOD)), 1)
    document = hashlib.sha256(b"Bera did it.").hexdigest()
    assert sample == ChoiceSample(question="Who?", options=("Abel", "Bera", "Cleo"), right=1, document=document)


def test_columns_go_by_the_names_that_the_options_give(hub, new_machine):
    names = ("prompt", "choices", "answer", "context")
    repository = published(hub, GOOD, names=names)
    (sample,) = drawn(opened(new_machine(), repository, **dict(zip(NAMES, names, strict=True))), 1)
    assert (sample.question, sample.options[sample.right]) == ("Who?", "Bera")
    with pytest.raises(StreamError, match="no column 'question' of texts; there are 'prompt'"):
        opened(new_machine(), repository)


def test_questions_about_one_passage_are_one_document(hub, new_machine):
    rows = [row(question=f"Question {n}?", passage=f"Passage {n % 2}. ") for n in range(8)]
    samples = drawn(opened(new_machine(), published(hub, *rows)))
    assert len({sample.question for sample in samples}) == 8
    assert len({sample.document for sample in samples}) == 2


def test_without_passages_each_question_is_a_document(hub, new_machine):
    rows = [row(question=f"Question {n}?", passage=None) for n in range(4)]
    stream = opened(new_machine(), published(hub, *rows), passage="")
    assert len({sample.document for sample in drawn(stream)}) == 4
    assert not stream.skipped


def test_any_machine_draws_the_same_samples_in_any_order(hub, new_machine):
    repository = published(hub, *[row(question=f"Question {n}?") for n in range(20)])
    stream = opened(new_machine(), repository)
    assert [stream.draw(seed(n)) for n in reversed(range(40))] == drawn(opened(new_machine(), repository))[::-1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"question": None}, "a text is missing"),
        ({"question": " \n"}, "a text is empty"),
        ({"question": "Who<|im_end|>?"}, "a text imitates a chat template"),
        ({"question": "x" * 8190}, "its question is too long"),
        ({"passage": None}, "a text is missing"),
        ({"passage": ""}, "a text is empty"),
        ({"options": None}, "it has too few or too many options"),
        ({"options": []}, "it has too few or too many options"),
        ({"options": ["a"]}, "it has too few or too many options"),
        ({"options": [str(n) for n in range(27)]}, "it has too few or too many options"),
        ({"options": [str(n) for n in range(257)]}, "it has too many texts in a list"),
        ({"options": ["a", None]}, "a text is missing"),
        ({"options": ["a", " "]}, "a text is empty"),
        ({"options": ["a", "[INST] b"]}, "a text imitates a chat template"),
        ({"options": ["a", "b\nC. c"]}, "an option has more than one line"),
        ({"options": ["a", "b\u2028C. c"]}, "an option has more than one line"),
        ({"options": ["a  b", " a b"]}, "two of its options are the same"),
        ({"options": ["apple", "app\u200ble"]}, "two of its options are the same"),
        ({"options": ["\uff22 12", "B 12"]}, "two of its options are the same"),
        ({"options": ["a", "b" * 8190]}, "its question is too long"),
        ({"right": None}, "a number is missing"),
        ({"right": -1}, "its right option is none of its options"),
        ({"right": 3}, "its right option is none of its options"),
        ({"right": 2**63 - 1}, "its right option is none of its options"),
    ],
)
def test_a_hostile_row_is_skipped_for_a_reason_and_counted(changes, reason, hub, new_machine):
    machine = new_machine()
    stream = opened(machine, published(hub, GOOD, row(**changes)))
    assert {sample.options[sample.right] for sample in drawn(stream)} == {"Bera"}
    assert set(stream.skipped) == {reason}
    assert stream.skipped[reason] > 5
    assert sum("skips rows such as row 1 of" in line for line in machine.said) == 1


def test_the_most_and_the_fewest_options_are_taken(hub, new_machine):
    rows = (row(options=["a", "b"]), row(options=[str(n) for n in range(26)], right=25))
    stream = opened(new_machine(), published(hub, *rows))
    assert {len(sample.options) for sample in drawn(stream)} == {2, 26}
    assert not stream.skipped


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"options": ""}, "options must be the name of a column"),
        ({"right": 5}, "right must be the name of a column"),
        ({"passage": 5}, "passage must be the name of a column"),
        ({"max_bytes": 0}, "max_bytes must be a whole number from 16"),
    ],
)
def test_a_wrong_option_is_refused_before_the_hub_is_asked(options, said, new_machine):
    with pytest.raises(SetupError, match=f"stream hub_questions: {said}"):
        opened(new_machine(), "ada/none", **options)
