"""Parquet rows: what honest files hold is read, and hostile files and rows end in one error that names them."""

import random
import struct
from pathlib import Path

import pyarrow as pa
import pytest

from finetune.errors import StreamError
from finetune.streams import parquet_rows
from finetune.streams.parquet_rows import BadRow, Columns, LocalFile, ParquetRows, Shelf
from tests.finetune.hub.datasets import parquet

TEXT, TURNS = Columns(texts=("text",)), Columns(turns="chat")
MIXED = Columns(texts=("text",), lists=("options",), numbers=("right",))
CHAT = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


@pytest.fixture
def opened(tmp_path):
    """Opens bytes as a parquet file called `ada/d/a.parquet`."""

    def make(data: bytes, columns: Columns = TEXT) -> ParquetRows:
        path = tmp_path / "file"
        path.write_bytes(data)
        return ParquetRows(LocalFile(path=path, name="ada/d/a.parquet"), columns)

    return make


def chats(*rows, **options):
    return parquet({"chat": list(rows)}, **options)


@pytest.mark.parametrize("group", [1, 7, 100, 1000])
def test_every_row_is_found_whatever_the_row_groups(group, opened):
    values = [f"text {number}" for number in range(300)]
    rows = opened(parquet({"n": range(300), "text": values}, row_group_size=group))
    assert rows.rows == 300
    assert [rows.read(number).texts["text"] for number in range(300)] == values


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "brotli", "zstd", "lz4"])
@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_texts_are_read_however_they_were_written(kind, compression, opened):
    rows = opened(parquet({"text": pa.array(["a", "é", "a"], kind)}, compression=compression))
    assert [rows.read(number).texts["text"] for number in range(3)] == ["a", "é", "a"]


@pytest.mark.parametrize("form", [("role", "content"), ("from", "value")])
@pytest.mark.parametrize("listed", [pa.list_, pa.large_list])
def test_turns_of_both_forms_are_read_and_other_fields_left_alone(form, listed, opened):
    fields = [(name, pa.string()) for name in form] + [("weight", pa.list_(pa.list_(pa.float64())))]
    turns = [{form[0]: "user", form[1]: "Hi", "weight": [[1.0]]}, {form[0]: "gpt", form[1]: "Hello"}]
    rows = opened(parquet({"chat": pa.array([turns, []], listed(pa.struct(fields)))}), TURNS)
    assert rows.read(0).turns == (("user", "Hi"), ("gpt", "Hello"))
    assert rows.read(1).turns == ()


def test_a_file_without_rows_has_none(opened):
    assert opened(parquet({"text": pa.array([], pa.string())})).rows == 0


@pytest.mark.parametrize("listed", [pa.list_, pa.large_list])
@pytest.mark.parametrize("number", [pa.int8(), pa.int32(), pa.int64(), pa.uint64()])
def test_lists_of_texts_and_whole_numbers_are_read(listed, number, opened):
    options = pa.array([["a", "é"], [], None, ["b"]], listed(pa.string()))
    columns = {"text": list("wxyz"), "options": options, "right": pa.array([1, 0, 100, 0], number)}
    rows = opened(parquet(columns), MIXED)
    assert [rows.read(n).lists["options"] for n in range(4)] == [("a", "é"), (), (), ("b",)]
    assert [rows.read(n).numbers["right"] for n in range(4)] == [1, 0, 100, 0]
    assert [rows.read(n).texts["text"] for n in range(4)] == list("wxyz")


# Rows that are skipped


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "missing"),
        (b"\xff\xfe", "not UTF-8"),
        (b"\xed\xa0\x80", "not UTF-8"),
        (b"x" * (parquet_rows.MAX_TEXT_BYTES + 1), "too long"),
    ],
)
def test_a_hostile_text_is_a_bad_row_and_the_rows_beside_it_are_good(value, reason, opened):
    rows = opened(parquet({"text": pa.array([b"before", value, b"after"], pa.binary())}))
    with pytest.raises(BadRow, match=reason):
        rows.read(1)
    assert [rows.read(number).texts["text"] for number in (0, 2)] == ["before", "after"]


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([None, CHAT[1]], "missing"),
        ([{"role": None, "content": "Hi"}], "missing"),
        ([{"role": "user", "content": None}], "missing"),
        (CHAT * 129, "too many turns"),
        ([{"role": "user", "content": "x" * 3_000_000}] * 2, "too long"),
    ],
)
def test_a_hostile_conversation_is_a_bad_row(turns, reason, opened):
    rows = opened(chats(CHAT, turns, CHAT), TURNS)
    with pytest.raises(BadRow, match=reason):
        rows.read(1)
    assert rows.read(2).turns == (("user", "Hi"), ("assistant", "Hello"))


@pytest.mark.parametrize(
    ("options", "right", "reason"),
    [
        ([b"a", None], 0, "a text is missing"),
        ([b"a", b"\xff"], 0, "a text is not UTF-8"),
        ([b"a"] * 257, 0, "it has too many texts in a list"),
        ([b"x" * 3_000_000] * 2, 0, "its text is too long"),
        ([b"a", b"b"], None, "a number is missing"),
    ],
)
def test_a_hostile_list_or_number_is_a_bad_row_and_the_rows_beside_it_are_good(options, right, reason, opened):
    lists = pa.array([[b"before"], options, [b"after"]], pa.list_(pa.binary()))
    rows = opened(parquet({"text": ["x"] * 3, "options": lists, "right": pa.array([0, right, 2], pa.int64())}), MIXED)
    with pytest.raises(BadRow, match=reason):
        rows.read(1)
    assert [rows.read(n).lists["options"] for n in (0, 2)] == [("before",), ("after",)]


def test_no_conversation_at_all_has_no_turns(opened):
    assert opened(chats(CHAT, None), TURNS).read(1).turns == ()


def test_the_rows_of_a_row_group_too_large_by_its_footer_are_bad_and_never_read(opened, monkeypatch):
    monkeypatch.setattr(parquet_rows, "MAX_GROUP_BYTES", 10_000)
    large = [f"{number} {random.Random(number).random()}" * 20 for number in range(40)]
    rows = opened(parquet({"text": [*large, *["small"] * 40]}, row_group_size=40))
    monkeypatch.setattr(rows, "_values", lambda *_: pytest.fail("it was read"))
    with pytest.raises(BadRow, match="row group is too large"):
        rows.read(39)
    monkeypatch.undo()
    assert rows.read(40).texts["text"] == "small"


def test_a_long_text_said_a_million_times_by_a_small_file_stays_small_in_memory(opened):
    text = "x" * 1_000_000
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), pa.array([text]))
    data = parquet({"text": column}, compression="zstd")
    assert len(data) < 10_000
    before = pa.total_allocated_bytes()
    row = opened(data).read(60)
    assert row.texts["text"] == text
    assert pa.total_allocated_bytes() - before < 10 * len(text)


# Files that cannot be drawn from


def with_footer(data: bytes, length: int) -> bytes:
    return data[:-8] + struct.pack("<I", length) + data[-4:]


PLAIN = parquet({"text": ["a", "b"]})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PAR1",
        b"PAR1PAR1",
        b"<html>" * 10,
        PLAIN[:-1],
        PLAIN[:-4] + b"PARE",
        PLAIN[: len(PLAIN) // 2],
        PLAIN[:4] + PLAIN[-40:],
        with_footer(PLAIN, 0),
        with_footer(PLAIN, len(PLAIN)),
        with_footer(PLAIN, 2**32 - 1),
        with_footer(PLAIN, 20),
        parquet({"other": ["a"]}),
        parquet({"text": [1]}),
        parquet({"text": [["a"]]}),
        parquet({"text": [{"text": "a"}]}),
    ],
)
def test_a_file_that_is_no_parquet_of_texts_is_an_error_that_names_it(data, opened):
    with pytest.raises(StreamError, match=r"^ada/d/a\.parquet cannot be read as parquet: "):
        opened(data)


def test_an_error_says_which_columns_there_are(opened):
    with pytest.raises(StreamError, match=r"no column 'text' of texts; there are 'body', 'id'"):
        opened(parquet({"body": ["a"], "id": ["b"]}))


def test_a_leaf_of_a_struct_is_no_column(opened):
    with pytest.raises(StreamError, match=r"no column 'a\.b'"):
        opened(parquet({"a": [{"b": "c"}]}), Columns(texts=("a.b",)))


@pytest.mark.parametrize(
    "column",
    [
        ["a"],
        [["a"]],
        [[{"role": "user"}]],
        [[{"role": "user", "content": 5}]],
        [[{"role": "user", "content": ["deeper"]}]],
        [[[{"role": "user", "content": "deeper"}]]],
        [{"role": "user", "content": "no list"}],
        [[{"turn": {"role": "user", "content": {"text": "deeper"}}}]],
    ],
)
def test_a_column_of_something_else_is_no_conversation(column, opened):
    with pytest.raises(StreamError, match=r"^ada/d/a\.parquet cannot be read as parquet: its column|has no column"):
        opened(parquet({"chat": column}), TURNS)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ({"options": ["a"]}, "no column 'options' of lists of texts; there are 'text', 'options', 'right'"),
        ({"options": [[1]]}, r"its column 'options\..*' holds no texts but INT64"),
        ({"options": [[["a"]]]}, "no column 'options' of lists"),
        ({"options": [[{"text": "a"}]]}, "no column 'options' of lists"),
        ({"options": [{"a": ["b"]}]}, "no column 'options' of lists"),
        ({"right": ["0"]}, "its column 'right' holds no whole numbers but string"),
        ({"right": [0.5]}, "its column 'right' holds no whole numbers but double"),
        ({"right": pa.array([0], pa.timestamp("s"))}, "holds no whole numbers but timestamp"),
        ({"right": [True]}, "its column 'right' holds no whole numbers but bool"),
        ({"right": [[0]]}, "no column 'right' of whole numbers"),
        ({"right": [{"a": 0}]}, "no column 'right' of whole numbers"),
    ],
)
def test_a_column_of_something_else_is_no_list_and_no_number(column, said, opened):
    with pytest.raises(StreamError, match=said):
        opened(parquet({"text": ["x"], "options": [["a"]], "right": [0]} | column), MIXED)


def test_a_file_with_more_values_than_are_read_is_refused(opened, monkeypatch):
    monkeypatch.setattr(parquet_rows, "_MAX_CELLS", 3)
    opened(chats(CHAT), TURNS)
    with pytest.raises(StreamError, match="4 values make 2 rows"):
        opened(chats(CHAT, CHAT), TURNS)


def test_a_file_that_vanished_is_an_error(opened, tmp_path: Path):
    rows = opened(PLAIN)
    (tmp_path / "file").unlink()
    with pytest.raises(StreamError, match="cannot be read"):
        rows.read(0)


@pytest.fixture
def unpacked(monkeypatch):
    """Which files were read for their rows, one entry a time."""
    times = []
    unpack = ParquetRows._unpack
    monkeypatch.setattr(
        ParquetRows, "_unpack", lambda self, *what: times.append(self._file.name) or unpack(self, *what)
    )
    return times


def test_any_number_of_draws_from_a_row_group_unpack_it_once(opened, unpacked):
    rows = opened(parquet({"text": [f"row {number}" for number in range(500)]}))
    assert [rows.read(number).texts["text"] for number in range(499, -1, -1)] == [
        f"row {n}" for n in range(499, -1, -1)
    ]
    assert len(unpacked) == 1


def test_a_row_group_too_large_for_the_shelf_is_read_for_every_draw(tmp_path, unpacked, monkeypatch):
    monkeypatch.setattr(parquet_rows, "_BATCH_ROWS", 10)
    (tmp_path / "file").write_bytes(parquet({"text": [f"row {number}" for number in range(50)]}))
    rows = ParquetRows(LocalFile(path=tmp_path / "file", name="large"), TEXT, Shelf(300))
    assert [rows.read(number).texts["text"] for number in (49, 0, 7)] == ["row 49", "row 0", "row 7"]
    assert len(unpacked) == 3


def test_a_full_shelf_gives_up_what_was_used_longest_ago():
    shelf = Shelf(10)
    for key in "abc":
        shelf.put(key, [key], 4)
        shelf.get("a")
    assert [shelf.get(key) for key in "abc"] == [["a"], None, ["c"]]
    shelf.put("d", ["d"], 10)
    assert [shelf.get(key) for key in "acd"] == [None, None, ["d"]]
