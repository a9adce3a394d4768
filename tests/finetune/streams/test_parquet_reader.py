"""The parquet reader: what a file does to the process that reads it ends in one error, and the next file is read."""

import json
import os
import random
import signal

import pyarrow as pa
import pytest

from finetune.errors import SetupError, StreamError
from finetune.isolation.level import Level
from finetune.streams import parquet_reader
from finetune.streams.parquet_reader import ParquetReader
from finetune.streams.parquet_rows import BadRow, Columns, LocalFile
from tests.finetune.hub.datasets import parquet

TEXT, TURNS = Columns(texts=("text",)), Columns(turns="chat")
MIXED = Columns(lists=("options",), numbers=("right",))
PLAIN = parquet({"text": ["a", "b"]}, store_schema=False, write_statistics=False)
CHAT = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


@pytest.fixture
def local(tmp_path_factory, machines):
    """Puts bytes where the reader can read them, each time under another path."""
    folder = machines / "files"
    folder.mkdir(exist_ok=True)

    def make(data: bytes) -> LocalFile:
        path = folder / str(len(list(folder.iterdir())))
        path.write_bytes(data)
        return LocalFile(path=path, name="ada/d/a.parquet")

    return make


def read_all(reader, file, columns=TEXT):
    return [reader.read(file, columns, number) for number in range(reader.rows(file, columns))]


def test_rows_come_through_as_they_stand(reader, local):
    text = 'é "quoted"\n\u2028 \x00 \U0001f600'
    assert [row.texts for row in read_all(reader, local(parquet({"text": [text, "b"]})))] == [
        {"text": text},
        {"text": "b"},
    ]
    assert read_all(reader, local(parquet({"chat": [CHAT, []]})), TURNS)[0].turns == (
        ("user", "Hi"),
        ("assistant", "Hello"),
    )


def test_lists_and_numbers_come_through_as_they_stand(reader, local):
    (row,) = read_all(reader, local(parquet({"options": [["a", "é"]], "right": [-(2**63)]})), MIXED)
    assert (row.lists, row.numbers) == ({"options": ("a", "é")}, {"right": -(2**63)})


def test_bad_rows_and_unsound_files_are_told_apart(reader, local):
    file = local(parquet({"text": ["a", None]}))
    with pytest.raises(BadRow, match="missing"):
        reader.read(file, TEXT, 1)
    with pytest.raises(StreamError, match=r"^ada/d/a\.parquet cannot be read as parquet: .* PAR1"):
        reader.rows(local(b"plain text"), TEXT)
    assert reader.read(file, TEXT, 0).texts == {"text": "a"}


def test_a_footer_that_ends_the_process_is_an_error_that_names_the_file(reader, local):
    """The library (26.0.1) aborts for some of these, which are one byte of a footer away from an honest file."""
    start = len(PLAIN) - 8 - int.from_bytes(PLAIN[-8:-4], "little")
    good, errors = local(PLAIN), []
    for position in range(start, len(PLAIN) - 8):
        try:
            read_all(reader, local(PLAIN[:position] + bytes([PLAIN[position] ^ 16]) + PLAIN[position + 1 :]))
        except (StreamError, BadRow) as error:
            errors.append(str(error))
    assert len(errors) > 50
    assert any("the process that read it was ended by signal" in error for error in errors)
    assert len(read_all(reader, good)) == 2


@pytest.mark.parametrize("depth", [20, 200])
def test_a_bomb_of_nested_structs_is_left_alone_or_is_an_error(depth, reader, local):
    kind = pa.int64()
    for _ in range(depth):
        kind = pa.struct([("a", kind)])
    file = local(parquet({"text": ["a"], "bomb": pa.array([None], kind)}, store_schema=False))
    if depth == 20:
        assert reader.read(file, TEXT, 0).texts == {"text": "a"}
    else:
        with pytest.raises(StreamError, match="cannot be read as parquet"):
            reader.rows(file, TEXT)


@pytest.mark.parametrize("compression", ["zstd", "snappy", "none"])
def test_flipped_and_missing_bytes_end_in_an_error_of_ours_or_in_what_stands_there(compression, reader, local):
    chance = random.Random(compression)
    honest = (
        (parquet({"text": [f"text {n}" * 5 for n in range(200)]}, row_group_size=50, compression=compression), TEXT),
        (parquet({"chat": [CHAT] * 100}, compression=compression), TURNS),
    )
    for number in range(100):
        data, columns = bytearray(honest[number % 2][0]), honest[number % 2][1]
        for _ in range(chance.choice([1, 1, 5])):
            data[chance.randrange(4, len(data) - 8)] = chance.randrange(256)
        if number % 10 == 9:
            del data[chance.randrange(len(data)) :]
        file = local(bytes(data))
        try:
            rows = reader.rows(file, columns)
            for row in {0, max(rows - 1, 0)}:
                reader.read(file, columns, row)
        except (StreamError, BadRow):
            pass


def test_a_process_that_is_killed_is_started_again(reader, local):
    file = local(PLAIN)
    assert reader.rows(file, TEXT) == 2
    os.kill(reader._child.pid, signal.SIGKILL)
    reader._child.wait(10.0)
    with pytest.raises(StreamError, match="was ended by signal 9"):
        reader.rows(file, TEXT)
    assert reader.rows(file, TEXT) == 2


def test_a_file_that_takes_too_long_is_an_error(machines, local):
    with ParquetReader(machines, level=Level.NONE, answer_seconds=0.0) as slow:
        with pytest.raises(StreamError, match="it took over 0 seconds"):
            slow.rows(local(PLAIN), TEXT)
        assert slow._child is None


def test_a_process_that_cannot_start_is_no_files_fault(machines, local, monkeypatch):
    monkeypatch.setattr(parquet_reader, "MEMORY_BYTES", "none")
    with ParquetReader(machines, level=Level.NONE) as broken, pytest.raises(SetupError, match="ended with exit code 1"):
        broken.rows(local(PLAIN), TEXT)


def test_more_memory_than_is_allowed_is_an_error(machines, local, monkeypatch):
    monkeypatch.setattr(parquet_reader, "MEMORY_BYTES", 500_000_000)
    column = [str(number) + "x" * 20_000_000 for number in range(4)]
    with (
        ParquetReader(machines, level=Level.NONE) as small,
        pytest.raises(StreamError, match="cannot be read as parquet"),
    ):
        small.read(
            local(parquet({"text": column}, compression="none", use_dictionary=False, write_statistics=False)), TEXT, 3
        )


HONEST = {"texts": {"text": "a"}, "lists": {}, "numbers": {}, "turns": []}


@pytest.mark.parametrize(
    "part",
    [
        {"lists": {"options": "ab"}},
        {"lists": {"options": ["a", 5]}},
        {"lists": {"options": ["a"] * (parquet_reader.MAX_ITEMS + 1)}},
        {"lists": {"options": ["x" * parquet_reader.MAX_TEXT_BYTES, "x"]}},
        {"lists": {}},
        {"numbers": {"right": "0"}},
        {"numbers": {"right": True}},
        {"numbers": {"right": 0.0}},
        {"numbers": {}},
    ],
)
def test_nor_about_lists_and_numbers(part, reader, local, monkeypatch):
    answer = {"texts": {}, "lists": {"options": ["a"]}, "numbers": {"right": 0}, "turns": []}
    monkeypatch.setattr(reader, "_line", lambda *_: json.dumps(answer).encode())
    assert reader.read(local(PLAIN), MIXED, 0).lists == {"options": ("a",)}
    monkeypatch.setattr(reader, "_line", lambda *_: json.dumps(answer | part).encode())
    with pytest.raises(StreamError, match="makes no sense"):
        reader.read(local(PLAIN), MIXED, 0)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"rows": "2"},
        {"rows": -1},
        {"rows": True},
        {**HONEST, "texts": {}},
        {**HONEST, "texts": {"text": "a", "more": "b"}},
        {**HONEST, "texts": {"text": 5}},
        {**HONEST, "texts": {"text": "\ud800"}},
        {**HONEST, "texts": {"text": "x" * (parquet_reader.MAX_TEXT_BYTES + 1)}},
        {**HONEST, "turns": [["user", "Hi"]]},
        {**HONEST, "turns": 7},
        {**HONEST, "lists": {"more": []}},
        {**HONEST, "numbers": {"more": 1}},
        {"texts": {"text": "a"}, "turns": []},
    ],
)
def test_a_process_taken_over_by_a_file_can_say_nothing_that_is_believed(answer, reader, local, monkeypatch):
    monkeypatch.setattr(reader, "_line", lambda *_: json.dumps(answer).encode())
    with pytest.raises(StreamError, match="makes no sense"):
        reader.rows(local(PLAIN), TEXT)
    with pytest.raises(StreamError, match="makes no sense"):
        reader.read(local(PLAIN), TEXT, 0)


def test_it_reads_nothing_outside_its_folder(reader, tmp_path):
    if reader._level is Level.NONE:
        pytest.skip("this machine has no walls")
    (tmp_path / "secret").write_bytes(PLAIN)
    with pytest.raises(StreamError, match="cannot be read"):
        reader.rows(LocalFile(path=tmp_path / "secret", name="secret"), TEXT)
