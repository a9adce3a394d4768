"""Rows of a dataset drawn by seed: every row of all files with the same chance. What a row becomes is the stream's."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from itertools import accumulate

from finetune.errors import SetupError, StreamError
from finetune.streams.draws import Draws
from finetune.streams.hub_files import Dataset, fetch_files
from finetune.streams.parquet_rows import BadRow, Columns, LocalFile, Row
from finetune.streams.sample import AnySample
from finetune.streams.sources import Sources, Window

# A seed's own further numbers are tried, so that a draw depends on its seed alone. Where half of the rows are bad,
# one draw in 10^30 finds none.
MAX_TRIES = 100

# Makes the sample of a row, with the draw's further choices if there is something to choose, or raises `BadRow`.
Make = Callable[[Row, Draws], AnySample]


class HubRows:
    """A stream over the rows of a round's files.

    Attributes:
        rows: how many rows there are to draw from, bad ones included.
        skipped: how many drawn rows made no sample, by reason.
    """

    def __init__(self, dataset: Dataset, columns: Columns, make: Make, *, window: Window, sources: Sources) -> None:
        """Fetch the files and count their rows; `make` turns a row into a sample or raises `BadRow`.

        Raises what `fetch_files` raises, and `StreamError` for a file that is unsound, or where there are no rows.
        """
        if sources.reader is None:
            raise SetupError(f"stream {dataset.stream} reads parquet files, and nothing here gives it a reader")
        self._stream, self._columns, self._make = dataset.stream, columns, make
        self._reader, self._say = sources.reader, sources.say
        self._files = fetch_files(dataset, window, sources)
        self._ends = list(accumulate(self._reader.rows(file, columns) for file in self._files))
        self.rows = self._ends[-1]
        self.skipped: Counter[str] = Counter()
        if not self.rows:
            raise StreamError(f"stream {dataset.stream}: the files of {dataset.repository} have no rows")

    def draw(self, seed: bytes) -> AnySample:
        """The sample of one 32-byte seed. Raises `StreamError` for a file that cannot be read, or too many bad rows."""
        draws = Draws(seed)
        for _ in range(MAX_TRIES):
            file, row = self._place(draws.below(self.rows))
            try:
                return self._make(self._reader.read(file, self._columns, row), draws)
            except BadRow as bad:
                self._skip(f"row {row} of {file.name}", str(bad))
        reasons = ", ".join(f"{reason} ({count})" for reason, count in self.skipped.most_common())
        raise StreamError(
            f"stream {self._stream}: none of {MAX_TRIES} rows drawn makes a sample; so far were skipped: {reasons}"
        )

    def _place(self, number: int) -> tuple[LocalFile, int]:
        """The file of a row, and the row's number in it."""
        index = bisect_right(self._ends, number)
        return self._files[index], number - (self._ends[index - 1] if index else 0)

    def _skip(self, what: str, reason: str) -> None:
        if reason not in self.skipped:
            self._say(f"stream {self._stream} skips rows such as {what}: {reason}")
        self.skipped[reason] += 1


def name_of_column(stream: str, option: str, value: object) -> None:
    """Check the name of a column. Raises `SetupError`."""
    if not isinstance(value, str) or not value:
        raise SetupError(f"stream {stream}: {option} must be the name of a column; found {value!r:.80}")
