"""The rows of one parquet file, of which only the needed columns are read. Files are strangers': nothing is believed.

What is wrong with a file is a `StreamError` that names it; what is wrong with one row is a `BadRow`, which a stream
skips. Some files end the process that reads them, whatever is checked before: so `parquet_worker` does it behind walls.
Texts are read as dictionaries, so that a small file cannot say the same long text a million times in memory.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from finetune.errors import StreamError

MAX_TEXT_BYTES = 4 * 1024 * 1024  # of all texts of a row: a book of 700,000 words
MAX_ITEMS = 256  # turns of a conversation, texts of a list
MAX_GROUP_BYTES = 1 << 30  # of the needed columns of a row group, unpacked

_MAX_FOOTER_BYTES = 64 * 1024 * 1024
_MAX_FOOTER_TEXT_BYTES = 16 * 1024 * 1024
_MAX_FOOTER_ITEMS = 1_000_000  # of any one list in the footer
_MAX_ROWS = 1 << 40
_MAX_CELLS = 1 << 27  # of a column of a row group: 2^20 rows of 128 turns
_COMPRESSIONS = ("UNCOMPRESSED", "SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4", "LZ4_RAW")
# Texts that stand for themselves are gathered into a dictionary anew for every batch: small ones take 20 times as long.
_BATCH_ROWS = 1 << 14
_BUFFER_BYTES = 1 << 20
_FORMS = (("role", "content"), ("from", "value"))


class BadRow(Exception):
    """A row that no sample is made of; the reason in a few words."""


@dataclass(frozen=True, kw_only=True)
class LocalFile:
    """A file on this machine: where it lies, and what a person would call it."""

    path: Path
    name: str


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns that are needed: of texts, of lists of texts, of whole numbers, and at most one of conversations."""

    texts: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    turns: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a row holds, by column, and its turns as (role, text) with roles as they stand there."""

    texts: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    turns: tuple[tuple[str, str], ...] = ()


class Shelf:
    """Unpacked row groups of any files, up to so many bytes; what was used longest ago is given up first.

    A group is unpacked from its beginning, so without it every draw from a large one would cost as much as all of them.
    """

    def __init__(self, most_bytes: int = 256 << 20) -> None:
        self.most_bytes = most_bytes
        self._groups: OrderedDict[object, tuple[list[Any], int]] = OrderedDict()

    def get(self, key: object) -> list[Any] | None:
        """The batches that were put under the key, if they are still there."""
        if key not in self._groups:
            return None
        self._groups.move_to_end(key)
        return self._groups[key][0]

    def put(self, key: object, batches: list[Any], size: int) -> None:
        """Keep the batches of `size` bytes, and give up others for them."""
        self._groups[key] = batches, size
        while sum(size for _, size in self._groups.values()) > self.most_bytes:
            self._groups.popitem(last=False)


class ParquetRows:
    """The rows of one file, numbered from 0. Raises `StreamError` for a file that cannot be drawn from.

    Attributes:
        rows: how many rows it has by its footer.
    """

    def __init__(self, file: LocalFile, columns: Columns, shelf: Shelf | None = None) -> None:
        """Read and check the footer. A `shelf` may serve many files."""
        self._file, self._columns, self._shelf = file, columns, shelf or Shelf()
        with self._sound():
            _check_ends(file)
            with self._open() as opened:
                metadata = opened.metadata
                self._leaves, self._form = _leaves(metadata.schema, opened.schema_arrow, columns)
                groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
                needed = [[group.column(leaf) for leaf in self._leaves.values()] for group in groups]
                for chunks, group in zip(needed, groups, strict=True):
                    _check_group(chunks, group.num_rows)
                self._large = [
                    sum(one.total_uncompressed_size for one in chunks) > MAX_GROUP_BYTES for chunks in needed
                ]
                # The number of the first row after each group.
                self._ends = list(accumulate(group.num_rows for group in groups))
                self.rows = self._ends[-1] if self._ends else 0
                if self.rows != metadata.num_rows or self.rows > _MAX_ROWS:
                    raise _Unsound(f"its footer counts {metadata.num_rows:,} rows, its row groups {self.rows:,}")

    def read(self, number: int) -> Row:
        """The row of that number. Raises `BadRow`, and `StreamError` where the file cannot be read."""
        group = bisect_right(self._ends, number)
        if self._large[group]:
            raise BadRow("its row group is too large")
        first = self._ends[group - 1] if group else 0
        with self._sound():
            values = self._values(group, number - first)
            texts = {name: values[name] for name in self._columns.texts}
            lists = {name: _items(values[name], "texts in a list") for name in self._columns.lists}
            turns = self._fields(values[self._columns.turns]) if self._columns.turns else []
            parts = [*texts.values(), *(one for items in (*lists.values(), *turns) for one in items)]
            if sum(_size(part) for part in parts) > MAX_TEXT_BYTES:
                raise BadRow("its text is too long")
            return Row(
                texts={name: _text(value) for name, value in texts.items()},
                lists={name: tuple(map(_text, items)) for name, items in lists.items()},
                numbers={name: _number(values[name]) for name in self._columns.numbers},
                turns=tuple((_text(role), _text(text)) for role, text in turns),
            )

    def _values(self, group: int, offset: int) -> dict[str, Any]:
        """The row's value in each column, as pyarrow has it."""
        key = (self._file.path, self._columns, group)
        batches = self._shelf.get(key)
        if batches is None:
            return self._unpack(key, group, offset)
        for batch in batches:
            if offset < batch.num_rows:
                return _at(batch, offset)
            offset -= batch.num_rows
        raise _Unsound("it has fewer rows than its footer says")

    def _unpack(self, key: object, group: int, offset: int) -> dict[str, Any]:
        """The same, from the file. The group goes on the shelf; one too large for it is not unpacked beyond the row."""
        found, batches, size = None, [], 0
        with self._open([path for path in self._leaves if path not in self._columns.numbers]) as opened:
            for batch in opened.iter_batches(
                batch_size=_BATCH_ROWS, row_groups=[group], columns=list(self._leaves), use_threads=False
            ):
                if 0 <= offset < batch.num_rows:
                    found = _at(batch, offset)
                offset -= batch.num_rows
                size += batch.nbytes
                if size <= self._shelf.most_bytes:
                    batches.append(batch)
                    continue
                batches.clear()
                if found is not None:
                    return found
        if found is None:
            raise _Unsound("it has fewer rows than its footer says")
        if size <= self._shelf.most_bytes:
            self._shelf.put(key, batches, size)
        return found

    def _fields(self, turns: Any) -> list[tuple[Any, Any]]:
        """Role and text of each turn, as pyarrow has them."""
        role, text = self._form
        return [(turn[role], turn[text]) for turn in _items(turns, "turns")]

    def _open(self, dictionaries: list[str] | None = None) -> Any:
        from pyarrow.parquet import ParquetFile

        return ParquetFile(
            self._file.path,
            read_dictionary=dictionaries,
            buffer_size=_BUFFER_BYTES,
            pre_buffer=False,
            thrift_string_size_limit=_MAX_FOOTER_TEXT_BYTES,
            thrift_container_size_limit=_MAX_FOOTER_ITEMS,
            page_checksum_verification=True,
            arrow_extensions_enabled=False,
        )

    @contextmanager
    def _sound(self) -> Iterator[None]:
        """Raises what pyarrow finds wrong with a file as a `StreamError`."""
        from pyarrow import ArrowException

        try:
            yield
        except (ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
            said = " ".join(str(error).split())
            raise StreamError(f"{self._file.name} cannot be read as parquet: {said:.200}") from error


def _at(batch: Any, offset: int) -> dict[str, Any]:
    return {name: batch.column(name)[offset] for name in batch.schema.names}


class _Unsound(ValueError):
    """A file that says what cannot be."""


def _check_ends(file: LocalFile) -> None:
    """The file begins and ends like parquet, and its footer is no larger than it may be."""
    size = file.path.stat().st_size
    with file.path.open("rb") as opened:
        begin = opened.read(4)
        opened.seek(max(0, size - 8))
        end = opened.read(8)
    if begin != b"PAR1" or end[4:] != b"PAR1":
        raise _Unsound("it does not begin and end with PAR1")
    footer = int.from_bytes(end[:4], "little")
    if footer > min(_MAX_FOOTER_BYTES, size - 12):
        raise _Unsound(f"its footer has {footer:,} bytes, of {size:,} in all; at most {_MAX_FOOTER_BYTES:,} are read")


def _leaves(schema: Any, arrow: Any, columns: Columns) -> tuple[dict[str, int], tuple[str, str]]:
    """The number of each needed leaf of the schema by its path, and the names of a turn's fields."""
    names = arrow.names
    numbers = {schema.column(number).path: number for number in range(len(schema))}
    if len(numbers) < len(schema) or len(set(names)) < len(names):
        raise _Unsound("two of its columns have the same name")
    found = {}
    for name in (*columns.texts, *columns.numbers):
        if name not in names or name not in numbers or schema.column(numbers[name]).max_repetition_level:
            what = "texts" if name in columns.texts else "whole numbers"
            raise _Unsound(f"it has no column {name!r} of {what}; there are {_listed(names)}")
        found[name] = numbers[name]
    for name in columns.lists:
        found |= _list_leaf(name, arrow, numbers)
    form = ("", "")
    if columns.turns:
        below = {
            path.rpartition(".")[2]: path
            for path, number in numbers.items()
            if path.startswith(f"{columns.turns}.") and schema.column(number).max_repetition_level == 1
        }
        form = next((one for one in _FORMS if all(name in below for name in one)), form)
        if form == ("", ""):
            raise _Unsound(
                f"it has no column {columns.turns!r} of turns with role and content, or from and value; there are "
                f"{_listed(names)}"
            )
        found |= {below[name]: numbers[below[name]] for name in form}
    for path, number in found.items():
        leaf = schema.column(number)
        if path in columns.numbers:
            _check_number(arrow.field(path))
        elif leaf.physical_type != "BYTE_ARRAY" or leaf.max_definition_level > 5:
            raise _Unsound(f"its column {path!r} holds no texts but {leaf.physical_type}")
    return found, form


def _list_leaf(name: str, arrow: Any, numbers: Mapping[str, int]) -> dict[str, int]:
    """The one leaf of a column of lists of texts."""
    from pyarrow import types

    if name in arrow.names:
        kind = arrow.field(name).type
        below = {path: number for path, number in numbers.items() if path.startswith(f"{name}.")}
        # A list of anything nested has leaves too, but its values are no texts.
        if (types.is_list(kind) or types.is_large_list(kind)) and not types.is_nested(kind.value_type):
            return below
    raise _Unsound(f"it has no column {name!r} of lists of texts; there are {_listed(arrow.names)}")


def _check_number(field: Any) -> None:
    from pyarrow import types

    if not types.is_integer(field.type):
        raise _Unsound(f"its column {field.name!r} holds no whole numbers but {field.type}")


def _listed(names: list[str]) -> str:
    """The first columns that there are."""
    return ", ".join(f"{name!r:.40}" for name in names[:10])


def _check_group(chunks: list[Any], rows: int) -> None:
    """What the footer says of the needed columns of a row group is possible."""
    for chunk in chunks:
        if chunk.compression not in _COMPRESSIONS:
            raise _Unsound(f"its compression {chunk.compression} is not one of {', '.join(_COMPRESSIONS)}")
        sizes = (chunk.total_compressed_size, chunk.total_uncompressed_size, rows)
        if min(sizes) < 0 or not rows <= chunk.num_values <= _MAX_CELLS:
            raise _Unsound(f"its footer says that {chunk.num_values:,} values make {rows:,} rows")


def _items(value: Any, what: str) -> list[Any]:
    """The items of a list, as pyarrow has them; none where there is no list."""
    if not value.is_valid:
        return []
    if len(value) > MAX_ITEMS:
        raise BadRow(f"it has too many {what}")
    return [value.values[i] for i in range(len(value))]


def _number(value: Any) -> int:
    if not value.is_valid:
        raise BadRow("a number is missing")
    return int(value.as_py())


def _size(value: Any) -> int:
    """The bytes of a text as pyarrow has it, without a copy of it."""
    if not value.is_valid:
        raise BadRow("a text is missing")
    return int(value.value.as_buffer().size)


def _text(value: Any) -> str:
    try:
        return bytes(value.value.as_buffer()).decode()
    except UnicodeDecodeError:
        raise BadRow("a text is not UTF-8") from None
