"""Files of training data: every bad line is told of at once, nothing is learned twice, no document is on two sides."""

import gzip
import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from finetune.errors import SetupError
from finetune.evals.tokens import tokenize
from finetune.mining.collate import learnable
from finetune.mining.dataset import lines
from finetune.mining.dataset.faults import LISTED
from finetune.mining.dataset.lengths import Lengths, summary
from finetune.mining.dataset.reading import Dataset, read_dataset
from finetune.mining.dataset.split import split
from finetune.mining.tiny import byte_tokenizer
from finetune.streams.sample import Sample

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

Row = dict[str, Any]


def write(path: Path, *rows: Row | str | bytes) -> Path:
    given = [json.dumps(row) if isinstance(row, dict) else row for row in rows]
    path.write_bytes(b"\n".join(one if isinstance(one, bytes) else one.encode() for one in given) + b"\n")
    return path


def read(path: Path, *rows: Row | str | bytes, **options: Any) -> Dataset:
    return read_dataset([write(path / "data.jsonl", *rows)], **options)


def fault(path: Path, *rows: Row | str | bytes, **options: Any) -> str:
    """The one fault among the rows."""
    found = read(path, *rows, data_errors="skip", **options).faults
    assert len(found) == 1
    return str(found.listed[0])


def chat(question: str, *answers: str) -> Row:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answers[0]}]
    for answer in answers[1:]:
        turns += [{"role": "user", "content": "And?"}, {"role": "assistant", "content": answer}]
    return {"messages": turns}


def references(dataset: Dataset) -> list[str]:
    return [one.reference for one in dataset.samples if isinstance(one, Sample)]


def test_stop_lists_the_faults_of_all_files_and_skip_goes_on_without_them(tmp_path: Path):
    one = write(tmp_path / "one.jsonl", {"text": "a"}, "{", {"text": ""})
    two = write(tmp_path / "two.jsonl", chat("One?", "1"), {"messages": 3})
    with pytest.raises(SetupError) as error:
        read_dataset([one, two])
    assert str(error.value).splitlines() == [
        '3 lines cannot be trained on; "skip" would leave that out:',
        f"  {one} line 2: its JSON cannot be read: Expecting property name enclosed in double quotes at character 3",
        f"  {one} line 3: a text is empty: text must have a character that is not white space",
        f"  {two} line 2: a conversation has the wrong form: messages must be 1 to 1,000 messages; 3",
    ]
    found = read_dataset([one, two], data_errors="skip")
    assert references(found) == ["a", "1"]
    assert [(file.form, file.lines, file.samples, file.faulty) for file in found.files] == [
        ("plain text", 3, 1, 2),
        ("OpenAI messages", 2, 1, 1),
    ]


def test_many_faults_are_counted_by_reason_and_the_first_are_listed(tmp_path: Path):
    with pytest.raises(SetupError) as error:
        read(tmp_path, *[{"text": ""}] * (LISTED + 5), *["nonsense"] * 3, {"text": "a"})
    shown = str(error.value).splitlines()
    assert shown[0].startswith(f"{LISTED + 8} lines cannot be trained on")
    assert sum(" line " in line for line in shown[1:]) == LISTED
    assert shown[-3:] == [
        "  and 8 more; of all together:",
        f"    {LISTED + 5} x a text is empty",
        "    3 x its JSON cannot be read",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"text": "\xff"}', "it is not UTF-8"),
        ('{"text": "a"}'.encode("utf-16"), "it is not UTF-8"),
        (b'{"text": "a\0"}', "Invalid control character at character 12"),
        (b'{"text": NaN}', "it has the number NaN"),
        (b'{"text": "a", "x": 1e999}', "it has the number 1e999"),
        (b'{"text": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
        (b'{"text": "a", "text": "b"}', "it has the same key twice"),
        (b'{"text": ' + b"[" * 100_000, "it is nested too deeply"),
        (b'{"text": ' + b"[" * 200 + b"]" * 200 + b"}", "it is nested too deeply"),
        (b'{"a":' * 100_000, "it is nested too deeply"),
        (b'"text"', "it is not a JSON object"),
        (b'[{"text": "a"}]', "it begins a list; each line must be one object by itself"),
        (b'{"text": "a"} {"text": "b"}', "Extra data at character 15"),
    ],
    ids=range(13),
)
def test_a_hostile_line_is_one_fault_and_the_lines_around_it_are_read(tmp_path: Path, line: bytes, said: str):
    # In UTF-16 a line ends in the middle of a character, so it is put last.
    found = fault(tmp_path, {"text": "before"}, {"text": "after"}, line)
    assert found.startswith(f"{tmp_path / 'data.jsonl'} line 3: its JSON cannot be read: ")
    assert said in found


def test_what_a_fault_shows_is_short_and_cannot_steer_a_terminal(tmp_path: Path):
    found = fault(tmp_path, {"text": "a"}, {"\x1b[2J\u202e" + "k" * 9999: 1})
    assert found.isascii()
    assert found.isprintable()
    assert len(found) < 600


def test_a_line_of_any_length_takes_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lines, "MOST_BYTES", 100_000)
    huge = b'{"text": "' + b"a" * 20_000_000 + b'"}'
    path = write(tmp_path / "data.jsonl", {"text": "before"}, huge, {"text": "after"})
    tracemalloc.start()
    found = read_dataset([path], data_errors="skip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert references(found) == ["before", "after"]
    assert str(found.faults.listed[0]).endswith("line 2: a line is too long: it has more than 100,000 bytes")
    assert (found.files[0].lines, found.files[0].faulty) == (3, 1)
    assert peak < 2_000_000


def test_a_line_may_have_exactly_the_most_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    row = {"text": "a" * 50}
    monkeypatch.setattr(lines, "MOST_BYTES", len(json.dumps(row)))
    assert len(read(tmp_path, row, json.dumps(row | {"text": "b" * 50}) + "\r").samples) == 2
    assert "line 1: a line is too long" in fault(tmp_path, row | {"text": "a" * 51}, row)


@pytest.mark.parametrize(
    "text",
    ["a" + "\u0301\u0323" * 1_000_000, "<|a" * 1_000_000, "<" * 4_000_000, "[/" * 2_000_000, "a\u3000\n" * 1_000_000],
    ids=["combining marks", "marks that do not end", "angles", "brackets", "white space"],
)
def test_no_text_takes_time_beyond_its_length(tmp_path: Path, text: str):
    path = write(tmp_path / "data.jsonl", json.dumps({"text": text}, ensure_ascii=False))
    assert len(read_dataset([path]).samples) == 1


def test_a_byte_order_mark_and_blank_lines_are_passed_over(tmp_path: Path):
    found = read(tmp_path, b'\xef\xbb\xbf{"text": "a"}\r', " ", "", {"text": "b"})
    assert references(found) == ["a", "b"]
    assert found.files[0].lines == 2
    assert " line 4: " in fault(tmp_path, {"text": "a"}, "", "", "{")


def test_the_first_line_that_has_a_form_decides_it(tmp_path: Path):
    found = read(tmp_path, "{", {"txt": 1}, {"text": ""}, chat("One?", "1"), {"text": "a"}, data_errors="skip")
    assert references(found) == ["a"]
    assert str(found.faults.listed[3]).endswith(
        "line 4: a file has two forms: its keys are those of OpenAI messages; line 3 made this a file of plain text"
    )


@pytest.mark.parametrize("data_errors", ["stop", "skip"])
def test_a_file_that_cannot_be_read_stops_every_run(tmp_path: Path, data_errors: Any):
    good = write(tmp_path / "good.jsonl", {"text": "a"})
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none.jsonl", tmp_path, tmp_path / "pipe"):
        with pytest.raises(SetupError, match=f"{path} is no file"):
            read_dataset([good, path], data_errors=data_errors)


@pytest.mark.parametrize("data_errors", ["stop", "skip"])
@pytest.mark.parametrize("change", [gzip.compress, lambda text: text.decode().encode("utf-16")])
def test_a_file_that_is_compressed_or_in_another_code_stops_every_run(
    tmp_path: Path, data_errors: Any, change: Callable[[bytes], bytes]
):
    file = tmp_path / "mine.jsonl"
    file.write_bytes(change(b'{"text": "One."}\n'))
    with pytest.raises(SetupError, match=r"mine\.jsonl is compressed, or no UTF-8; unpack or convert it"):
        read_dataset([file], data_errors=data_errors)


@pytest.mark.parametrize("rows", [[], ["{"]])
def test_without_a_single_sample_there_is_nothing_to_train_on(tmp_path: Path, rows: list[str]):
    with pytest.raises(SetupError, match="there is no sample in ") as error:
        read(tmp_path, *rows, data_errors="skip")
    assert ("line 1: its JSON cannot be read" in str(error.value)) == bool(rows)


def test_texts_that_differ_in_white_space_alone_are_learned_once(tmp_path: Path):
    found = read(tmp_path, {"text": "a  café"}, {"text": " a\ncafé", "document": "b"}, {"text": "A café"})
    assert references(found) == ["a  café", "A café"]
    assert found.files[0].duplicates == 1


def test_duplicates_are_found_across_files_and_the_same_words_in_another_place_are_none(tmp_path: Path):
    one = write(tmp_path / "one.jsonl", chat("a", "b"), chat("b", "a"), chat("a", "b", "c"))
    two = write(tmp_path / "two.jsonl", {"prompt": "a", "completion": "b"}, {"prompt": "a", "completion": "c"})
    found = read_dataset([one, two])
    assert [(file.samples, file.duplicates) for file in found.files] == [(3, 0), (1, 1)]


def test_with_every_turn_the_answers_are_samples(tmp_path: Path):
    assert references(read(tmp_path, chat("a", "b", "c"), every_turn=True)) == ["b", "c"]


@pytest.fixture(scope="module")
def tokenizer() -> "PreTrainedTokenizerFast":
    return byte_tokenizer()


def test_what_training_could_not_learn_is_a_fault_before_it_begins(
    tmp_path: Path, tokenizer: "PreTrainedTokenizerFast"
):
    # The template puts 3 tokens around a question of 17 bytes.
    fits, late = chat("a" * 17, "yes"), chat("a" * 18, "no")
    options: Any = {"tokenizer": tokenizer, "sequence_length": 21, "data_errors": "skip"}
    found = read(tmp_path, fits, late, **options)
    assert references(found) == ["yes"]
    assert found.token_lengths == (23,)
    assert "line 2: the reply begins too late: what is shown before it has 21 tokens; allowed: fewer than" in str(
        found.faults
    )
    assert len(found.faults) == 1
    for sample in found.samples:
        learnable(tokenizer, sample, sequence_length=21)
    with pytest.raises(SetupError, match="begins beyond 21 tokens"):
        learnable(tokenizer, read(tmp_path, late).samples[0], sequence_length=21)


def test_of_a_conversation_that_outgrows_the_sequence_the_answers_that_fit_stay(
    tmp_path: Path, tokenizer: "PreTrainedTokenizerFast"
):
    rows = chat("a", "b" * 30, "c", "d"), chat("e", "f")
    found = read(tmp_path, *rows, every_turn=True, tokenizer=tokenizer, sequence_length=20, data_errors="skip")
    assert references(found) == ["b" * 30, "f"]
    assert (found.files[0].faulty, len(found.faults)) == (1, 1)
    assert len(found.token_lengths) == len(found.byte_lengths) == 2


def test_a_tokenizer_that_fails_or_loses_a_reply_is_a_fault_of_the_line(tmp_path: Path):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    model = Tokenizer(models.WordLevel({"known": 0, "?": 1}, unk_token="?"))
    model.pre_tokenizer = pre_tokenizers.Whitespace()
    poor = PreTrainedTokenizerFast(tokenizer_object=model, eos_token="?")
    assert "line 1: the tokenizer loses the reply" in fault(
        tmp_path, chat("known", "strange"), chat("known", "known"), tokenizer=poor
    )
    pair = {"prompt": "known", "chosen": "known", "rejected": "strange"}
    assert "line 1: the tokenizer loses the reply" in fault(
        tmp_path, pair, pair | {"rejected": "known known"}, tokenizer=poor
    )
    poor.chat_template = "{{ raise_exception('no system here') if messages[0]['role'] == 'system' else 'known' }}"
    refused = chat("known", "known") | {"system": "known"}
    assert "line 1: the tokenizer fails: tokenising a sample failed: TemplateError: no system here" in fault(
        tmp_path, refused, chat("known", "known"), tokenizer=poor
    )


def test_a_length_is_that_of_all_that_training_shows(tmp_path: Path, tokenizer: "PreTrainedTokenizerFast"):
    pair = {"prompt": "né", "chosen": "a", "rejected": "abcd"}
    question = {"question": "Who?", "options": ["Abel", "Bera"], "right": 0}
    found = [read(tmp_path, row, tokenizer=tokenizer) for row in (chat("né", "a"), pair, question)]
    assert [one.byte_lengths[0] for one in found[:2]] == [4, 7]
    # <bos>, <user>, three bytes, <assistant>, the reply.
    assert [one.token_lengths[0] for one in found[:2]] == [7, 10]
    assert found[2].token_lengths[0] == found[2].byte_lengths[0] + 3 > 40
    (sample,) = found[0].samples
    assert isinstance(sample, Sample)
    tokens = tokenize(tokenizer, sample, sequence_length=512)
    assert tokens is not None
    assert len(tokens.prompt) + len(tokens.scored) == 7


def test_percentiles_are_lengths_that_occur():
    found = Lengths(count=40, least=1, median=20, p95=38, most=40, longer=2)
    assert summary(range(40, 0, -1), limit=38) == found
    assert summary([5]) == Lengths(count=1, least=5, median=5, p95=5, most=5, longer=None)
    assert summary([5, 9]).median == 5


def test_a_document_is_on_one_side_alone(tmp_path: Path):
    rows = [{"prompt": f"question {i % 300}", "completion": f"answer {i}"} for i in range(900)]
    dataset = read(tmp_path, *rows)
    sides = split(dataset.samples, held_out=0.2, seed=1)
    assert len(sides.train) + len(sides.held_out) == 900
    assert not {one.document for one in sides.train} & {one.document for one in sides.held_out}
    assert 0.13 < len(sides.held_out) / 900 < 0.27


def test_the_split_is_the_same_for_a_seed_and_lines_that_are_added_move_none(tmp_path: Path):
    rows = [{"text": f"text {i}"} for i in range(200)]
    few = split(read(tmp_path, *rows[:100]).samples, held_out=0.3, seed=1)
    many = split(read(tmp_path, *reversed(rows)).samples, held_out=0.3, seed=1)
    assert set(few.held_out) < set(many.held_out)
    assert set(few.train) < set(many.train)
    everything = (*many.train, *many.held_out)
    assert set(split(everything, held_out=0.3, seed=2).held_out) != set(many.held_out)
    wider = split(everything, held_out=0.5, seed=1)
    assert set(wider.held_out) > set(many.held_out)


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_share_that_is_none_is_refused(share: float):
    with pytest.raises(SetupError, match="held_out must be from 0 to below 1; found"):
        split((), held_out=share, seed=0)


def test_nothing_is_held_out_of_a_share_of_0(tmp_path: Path):
    sides = split(read(tmp_path, {"text": "a"}, {"text": "b"}).samples, held_out=0, seed=0)
    assert (len(sides.train), len(sides.held_out)) == (2, 0)
