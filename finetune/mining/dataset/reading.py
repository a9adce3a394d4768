"""Reads files of training data into samples, every line judged before training begins.

Files are read a line at a time; what stays in memory is the samples, and 32 bytes for each to find duplicates by.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from finetune.errors import SetupError
from finetune.mining.dataset.faults import BadLine, Faults
from finetune.mining.dataset.forms import Form, form_of
from finetune.mining.dataset.lengths import byte_length, token_length
from finetune.mining.dataset.lines import parse_line, read_lines
from finetune.mining.dataset.same import digest
from finetune.streams.sample import AnySample

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

DataErrors = Literal["stop", "skip"]


@dataclass(frozen=True, kw_only=True)
class FileCounts:
    """What one file gave. `lines` are those that are not blank, `form` is empty where none of them has one."""

    file: Path
    form: str
    lines: int
    samples: int
    duplicates: int
    faulty: int


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """All samples in the order of their lines, and how long each is; without a tokenizer none has tokens."""

    samples: tuple[AnySample, ...]
    byte_lengths: tuple[int, ...]
    token_lengths: tuple[int, ...]
    files: tuple[FileCounts, ...]
    faults: Faults


def read_dataset(
    files: Sequence[Path],
    *,
    data_errors: DataErrors = "stop",
    every_turn: bool = False,
    tokenizer: "PreTrainedTokenizerBase | None" = None,
    sequence_length: int | None = None,
) -> Dataset:
    """Read all files, whatever is wrong in them, and only then stop or go on.

    Args:
        files: JSON Lines, each in one of `forms.FORMS`; the first line that has a form decides.
        data_errors: "skip" leaves faulty lines out, "stop" raises with all of them.
        every_turn: every answer of a conversation becomes a sample, not the last one alone.
        tokenizer: the base model's; with it, a line of which training could learn nothing is a fault too. A faulty
            line's other samples stay.
        sequence_length: in tokens, prompt and reply together; counts only with a tokenizer.

    Of equal samples the first stays. Raises `SetupError` with the list of faults, for a file that cannot be read, and
    where no sample is left.
    """
    reading = _Reading(every_turn, tokenizer, sequence_length)
    counts = tuple(reading.read(file) for file in files)
    faults = reading.faults
    if data_errors == "stop" and len(faults):
        lines = "line cannot" if len(faults) == 1 else "lines cannot"
        raise SetupError(f'{len(faults):,} {lines} be trained on; "skip" would leave that out:\n{faults}')
    if not reading.samples:
        raise SetupError(
            "there is no sample in " + ", ".join(map(str, files)) + (f":\n{faults}" if len(faults) else "")
        )
    return Dataset(
        samples=tuple(reading.samples),
        byte_lengths=tuple(reading.byte_lengths),
        token_lengths=tuple(reading.token_lengths),
        files=counts,
        faults=faults,
    )


class _Reading:
    """What has been read so far, of all files."""

    def __init__(
        self, every_turn: bool, tokenizer: "PreTrainedTokenizerBase | None", sequence_length: int | None
    ) -> None:
        self.samples: list[AnySample] = []
        self.byte_lengths: list[int] = []
        self.token_lengths: list[int] = []
        self.duplicates = 0
        self.faults = Faults()
        self._every_turn = every_turn
        self._tokenizer = tokenizer
        self._sequence_length = sequence_length
        self._seen: set[bytes] = set()

    def read(self, file: Path) -> FileCounts:
        """Take all lines of one file."""
        form: Form | None = None
        decided = lines = 0
        samples, duplicates, faulty = len(self.samples), self.duplicates, len(self.faults)
        for number, line in read_lines(file):
            lines += 1
            try:
                row = parse_line(line)
                found = form_of(row)
                if form is None:
                    form, decided = found, number
                if found is not form:
                    detail = f"its keys are those of {found.name}; line {decided} made this a file of {form.name}"
                    raise BadLine("a file has two forms", detail)
                self._take(form.read(row, self._every_turn))
            except BadLine as bad:
                self.faults.add(file, number, bad)
        return FileCounts(
            file=file,
            form=form.name if form else "",
            lines=lines,
            samples=len(self.samples) - samples,
            duplicates=self.duplicates - duplicates,
            faulty=len(self.faults) - faulty,
        )

    def _take(self, samples: Sequence[AnySample]) -> None:
        """Keep the new samples of one line, then raise the first `BadLine` among them, if there is one."""
        bad = None
        for sample in samples:
            key = digest(sample)
            if key in self._seen:
                self.duplicates += 1
                continue
            try:
                if self._tokenizer is not None:
                    self.token_lengths.append(
                        token_length(self._tokenizer, sample, sequence_length=self._sequence_length)
                    )
            except BadLine as one:
                bad = bad or one
                continue
            self._seen.add(key)
            self.samples.append(sample)
            self.byte_lengths.append(byte_length(sample))
        if bad:
            raise bad
