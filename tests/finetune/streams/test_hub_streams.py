"""The three streams of the hub: the same samples everywhere, every row alike, hostile rows skipped by rule."""

import json
from collections import Counter

import pyarrow as pa
import pytest

from finetune.errors import SetupError, StreamError
from finetune.streams.registry import open_stream
from finetune.streams.sample import Message
from tests.finetune.hub.datasets import parquet, texts
from tests.finetune.streams.remote import ROUND, seed

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

LONG = "word " * 3000


@pytest.fixture
def opened(new_machine):
    """Opens a stream on a machine of its own, or on the given one."""

    def make(name, repository, machine=None, **options):
        machine = machine or new_machine()
        return open_stream(name, {"repository": repository} | options, ROUND, sources=machine.sources)

    return make


def drawn(stream, count, *, start=0):
    return [stream.draw(seed(number)) for number in range(start, start + count)]


def turns(*pairs, form=("role", "content")):
    return [dict(zip(form, pair, strict=True)) for pair in pairs]


# Drawing


@pytest.fixture(scope="module")
def three_files(hub):
    """40 texts in files of 20, 5 and 15, and in row groups of 7."""
    files = {}
    for name, numbers in {"a": range(20), "b": range(20, 25), "c/d": range(25, 40)}.items():
        files[f"{name}.parquet"] = parquet({"text": [f"text {n}" for n in numbers]}, row_group_size=7)
    return hub.new(files, time=500.0)


def test_every_row_of_every_file_is_drawn_equally_often(three_files, opened):
    counts = Counter(sample.reference for sample in drawn(opened("hub_text", three_files), 1200))
    assert set(counts) == {f"text {n}" for n in range(40)}
    assert all(10 < count < 55 for count in counts.values()), counts
    assert 540 < sum(counts[f"text {n}"] for n in range(20)) < 660


def test_another_machine_draws_the_same_samples_in_any_order(three_files, opened):
    first = drawn(opened("hub_text", three_files), 50)
    stream = opened("hub_text", three_files)
    assert [stream.draw(seed(number)) for number in reversed(range(50))] == first[::-1]


def test_the_draws_of_a_file_never_change(three_files, opened):
    numbers = [int(sample.reference.split()[1]) for sample in drawn(opened("hub_text", three_files), 12)]
    assert numbers == NEVER_CHANGE


NEVER_CHANGE = [35, 15, 30, 29, 34, 5, 24, 5, 6, 33, 31, 35]


def test_a_row_is_one_document_and_equal_texts_are_one(hub, opened):
    repository = hub.new({"a.parquet": texts("one", "two", " one "), "b.parquet": texts("two", "three")}, time=500.0)
    samples = drawn(opened("hub_text", repository), 60)
    by_text = {
        sample.reference: {other.document for other in samples if other.reference == sample.reference}
        for sample in samples
    }
    assert {text: len(documents) for text, documents in by_text.items()} == {"one": 1, "two": 1, "three": 1}
    assert len(set.union(*by_text.values())) == 3


def test_texts_that_begin_alike_are_different_documents(hub, opened):
    samples = drawn(opened("hub_text", hub.new({"a.parquet": texts(LONG + "a", LONG + "b")}, time=500.0)), 20)
    assert len({sample.reference for sample in samples}) == 1
    assert len({sample.document for sample in samples}) == 2


# Text


def test_text_is_cut_after_a_word_and_stripped(hub, opened):
    repository = hub.new({"a.parquet": parquet({"id": [1], "body": ["\n one two three four "]})}, time=500.0)
    (sample,) = drawn(opened("hub_text", repository, column="body", max_bytes=16), 1)
    assert (sample.messages, sample.reference) == ((), "one two three")


# Chats


def chat(hub, opened, *rows, **options):
    """All samples of a dataset of conversations, by their reference, and the reasons of skipped rows."""
    repository = hub.new({"a.parquet": parquet({"messages": list(rows)})}, time=500.0)
    stream = opened("hub_chats", repository, **options)
    return {sample.reference: sample for sample in drawn(stream, 30)}, stream.skipped


@pytest.mark.parametrize(
    ("form", "names"),
    [(("role", "content"), ("system", "user", "assistant")), (("from", "value"), ("system", "human", "gpt"))],
)
def test_the_last_answer_is_the_reference_and_the_turns_before_it_are_the_messages(form, names, hub, opened):
    system, user, assistant = names
    rows = (
        turns(
            (system, "Be kind."),
            (user, "Hi"),
            (assistant, "Hello"),
            (user, "Bye"),
            (assistant, " Farewell "),
            form=form,
        ),
        turns((user, "2+2?"), (assistant, "4"), (user, "unanswered"), form=form),
    )
    samples, skipped = chat(hub, opened, *rows)
    assert samples["Farewell"].messages == (
        Message(role="system", content="Be kind."),
        Message(role="user", content="Hi"),
        Message(role="assistant", content="Hello"),
        Message(role="user", content="Bye"),
    )
    assert samples["4"].messages == (Message(role="user", content="2+2?"),)
    assert set(samples) == {"Farewell", "4"}
    assert not skipped


def test_a_long_answer_is_cut_after_a_word(hub, opened):
    samples, _ = chat(hub, opened, turns(("user", "Hi"), ("assistant", LONG)), max_bytes=20)
    assert list(samples) == ["word word word word"]


def test_chats_that_end_or_begin_differently_are_different_documents(hub, opened):
    rows = [turns(("user", question), ("assistant", LONG + end)) for question in "xy" for end in "ab"]
    repository = hub.new({"a.parquet": parquet({"messages": [*rows, *rows]})}, time=500.0)
    samples = drawn(opened("hub_chats", repository), 40)
    assert len(set(samples)) == len({sample.document for sample in samples}) == 4
    assert len({(sample.messages, sample.reference) for sample in samples}) == 2


GOOD = turns(("user", "Hi"), ("assistant", "good"))
MARKS = [
    "<|im_start|>",
    "<|eot_id|>",
    "<|END_OF_TURN_TOKEN|>",
    "<\uff5cUser\uff5c>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<s>",
    "</s>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<eos>",
    "<unused12>",
    "[TOOL_CALLS]",
]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (turns(("user", "Hi")), "nobody answers"),
        (turns(("system", "Hi"), ("assistant", "x")), "its turns are not in order"),
        (turns(("assistant", "x")), "its turns are not in order"),
        (turns(("user", "Hi"), ("user", "Hi"), ("assistant", "x")), "its turns are not in order"),
        (turns(("user", "Hi"), ("assistant", "x"), ("assistant", "x")), "its turns are not in order"),
        (turns(("user", "Hi"), ("system", "x"), ("assistant", "x")), "its turns are not in order"),
        (turns(("user", "Hi"), ("tool", "x")), "a role is unknown"),
        (turns(("User", "Hi"), ("assistant", "x")), "a role is unknown"),
        (turns(("user", " \n"), ("assistant", "x")), "a text is empty"),
        (turns(("user", "Hi"), ("assistant", "")), "a text is empty"),
        (turns(("user", "Hi"), ("assistant", None)), "a text is missing"),
        (turns(("user", LONG), ("assistant", "x")), "its messages are too long"),
        ([], "nobody answers"),
        (None, "nobody answers"),
        *[
            (turns(("user", f"Say {mark} now"), ("assistant", "x")), "a text imitates a chat template")
            for mark in MARKS
        ],
        (turns(("user", "Hi"), ("assistant", "x<|im_end|>")), "a text imitates a chat template"),
    ],
)
def test_a_bad_conversation_is_skipped_for_a_reason_and_counted(bad, reason, hub, opened):
    samples, skipped = chat(hub, opened, GOOD, bad)
    assert set(samples) == {"good"}
    assert set(skipped) == {reason}
    assert skipped[reason] > 5


@pytest.mark.parametrize(
    "text", ["<think> x </think>", "a < b > c", "x <| y", "[1]", "List<String>", "|>", "<b>s</b>", "<|>"]
)
def test_what_only_looks_a_little_like_a_mark_is_kept(text, hub, opened):
    samples, skipped = chat(hub, opened, turns(("user", text), ("assistant", text)))
    assert list(samples) == [text]
    assert not skipped


# Skipping


@pytest.fixture(scope="module")
def half_bad(hub):
    """Every second row is hostile in one of four ways."""
    bad = [None, b"\xff", b" ", b"<|im_start|>"]
    rows = [row for n in range(40) for row in (f"text {n}".encode(), bad[n % 4])]
    return hub.new({"a.parquet": parquet({"text": pa.array(rows, pa.binary())})}, time=500.0)


def test_the_same_rows_are_skipped_everywhere_and_a_draw_depends_on_its_seed_alone(half_bad, opened):
    first, second = opened("hub_text", half_bad), opened("hub_text", half_bad)
    samples = drawn(first, 50)
    assert [second.draw(seed(number)) for number in reversed(range(50))] == samples[::-1]
    assert first.skipped == second.skipped
    assert set(first.skipped) == {
        "a text is missing",
        "a text is not UTF-8",
        "a text is empty",
        "a text imitates a chat template",
    }
    assert {sample.reference for sample in samples} <= {f"text {n}" for n in range(40)}


def test_a_person_is_told_once_for_each_reason(half_bad, opened, new_machine):
    machine = new_machine()
    drawn(opened("hub_text", half_bad, machine), 50)
    told = [line for line in machine.said if "skips" in line]
    assert len(told) == 4
    assert any(line.startswith("stream hub_text skips rows such as row ") and half_bad in line for line in told)


def test_a_source_of_bad_rows_alone_is_an_error_that_says_why(hub, opened):
    stream = opened("hub_text", hub.new({"a.parquet": texts("", " ", "<s>")}, time=500.0))
    with pytest.raises(StreamError, match=r"none of 100 rows drawn makes a sample; .*a text is empty \(\d+\)"):
        stream.draw(seed(0))


def test_a_source_without_rows_is_an_error(hub, opened):
    with pytest.raises(StreamError, match="have no rows"):
        opened("hub_text", hub.new({"a.parquet": parquet({"text": pa.array([], pa.string())})}, time=500.0))


def test_a_file_that_is_no_parquet_is_an_error_that_names_it(hub, opened):
    repository = hub.new({"a.parquet": texts("a"), "b.parquet": b"<html>"}, time=500.0)
    with pytest.raises(StreamError, match=rf"^{repository}/b\.parquet cannot be read as parquet"):
        opened("hub_text", repository)


# Reasoning


def reasoning(hub, opened, columns, **options):
    return drawn(opened("hub_reasoning", hub.new({"a.parquet": parquet(columns)}, time=500.0), **options), 1)[0]


def test_reasoning_is_read_from_conversations(hub, opened):
    rows = [turns(("user", "2+2?"), ("assistant", "<think>\ntwo and two\n</think>\n\n4"))]
    sample = reasoning(hub, opened, {"messages": rows})
    assert sample.reference == "<think>\ntwo and two\n</think>\n\n4"
    assert sample.messages == (Message(role="user", content="2+2?"),)
    same = reasoning(hub, opened, {"conversations": rows}, messages="conversations")
    assert same == sample


def test_reasoning_is_read_from_a_column_of_problems_and_one_of_answers(hub, opened):
    columns = {"problem": ["2+2?"], "solution": ["two and two: 4"], "trace": ["two and two"]}
    sample = reasoning(hub, opened, columns, prompt="problem", response="solution")
    assert (sample.messages, sample.reference) == ((Message(role="user", content="2+2?"),), "two and two: 4")
    sample = reasoning(hub, opened, columns, prompt="problem", response="solution", reasoning="trace")
    assert sample.reference == "<think>\ntwo and two\n</think>\n\ntwo and two: 4"


def test_a_trace_without_an_answer_or_with_a_mark_is_skipped(hub, opened):
    columns = {"p": ["1", "2", "3"], "r": ["a", "", "c"], "t": ["x", "y", "<|im_end|>"]}
    repository = hub.new({"a.parquet": parquet(columns)}, time=500.0)
    stream = opened("hub_reasoning", repository, prompt="p", response="r", reasoning="t")
    assert {sample.messages[0].content for sample in drawn(stream, 20)} == {"1"}
    assert set(stream.skipped) == {"a text is empty", "a text imitates a chat template"}


# Options


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("hub_text", {"column": ""}, "column must be the name of a column"),
        ("hub_text", {"max_bytes": 15}, "max_bytes must be a whole number from 16"),
        ("hub_text", {"repository": "x"}, "repository must be"),
        ("hub_chats", {"column": 5}, "column must be the name of a column"),
        ("hub_chats", {"max_bytes": True}, "max_bytes must be"),
        ("hub_reasoning", {"messages": ""}, "messages must be the name of a column"),
        ("hub_reasoning", {"prompt": "p"}, "prompt and response must be named together"),
        ("hub_reasoning", {"reasoning": "r"}, "prompt and response must be named together"),
        ("hub_reasoning", {"prompt": 5, "response": "r"}, "prompt must be the name of a column"),
        ("hub_reasoning", {"split": "train"}, "no option 'split'; it has repository, messages, prompt"),
    ],
)
def test_a_wrong_option_is_refused_before_the_hub_is_asked(name, options, said, opened):
    with pytest.raises(SetupError, match=f"stream {name}.*{said}"):
        opened(name, options.pop("repository", "ada/none"), **options)


@pytest.mark.parametrize("name", ["hub_text", "hub_chats", "hub_reasoning"])
def test_a_stream_of_the_hub_needs_sources(name):
    with pytest.raises(SetupError, match="reads from a remote source"):
        open_stream(name, {"repository": "ada/d"}, ROUND)


def test_samples_can_be_written_down(three_files, opened):
    from finetune.streams.sample import as_plain, from_plain

    for sample in drawn(opened("hub_text", three_files), 3):
        assert from_plain(json.loads(json.dumps(as_plain(sample)))) == sample
