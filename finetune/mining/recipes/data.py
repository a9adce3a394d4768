"""What is learned and what is measured: files of one's own, a competition's streams, or both. It knows no recipe."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from competitions.competition import Competition
from finetune.errors import StreamError
from finetune.mining.dataset.faults import BadLine
from finetune.mining.dataset.lengths import token_length
from finetune.mining.dataset.reading import DataErrors, read_dataset
from finetune.mining.dataset.same import digest
from finetune.mining.dataset.split import Split, split
from finetune.mining.practice import practice_samples
from finetune.streams.registry import OpenStream
from finetune.streams.sample import AnySample
from finetune.streams.sources import Window

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# So many draws for each sample wanted, then the streams are given up: none may fit the sequence length.
_DRAWS = 20


@dataclass(frozen=True, kw_only=True)
class Given:
    """Where data comes from. `practice` samples are drawn from the competition's streams, under `practice_seed`.

    `held_out_files` are measured on where there are any, else the share `held_out` of all documents.
    """

    files: Sequence[Path] = ()
    held_out_files: Sequence[Path] = ()
    data_errors: DataErrors = "stop"
    every_turn: bool = False
    practice: int = 0
    practice_seed: int = 0
    held_out: float = 0.05


@dataclass(frozen=True, kw_only=True)
class Data:
    """Both sides, and what a person should know of how they came about, a line each."""

    sides: Split
    notes: tuple[str, ...]


def gather(
    given: Given,
    tokenizer: "PreTrainedTokenizerBase",
    *,
    sequence_length: int,
    seed: int,
    competition: Competition | None,
    open_stream: OpenStream,
    window: Window,
) -> Data:
    """Read, draw and split: the same arguments give the same sides. Remote streams draw from `window`, now past.

    Raises `SetupError` for data that cannot be trained on, and `StreamError`.
    """
    # A share that is not allowed is said before minutes are spent on reading.
    split((), held_out=given.held_out, seed=seed)
    notes: list[str] = []

    def read(files: Sequence[Path]) -> tuple[AnySample, ...]:
        dataset = read_dataset(
            files,
            data_errors=given.data_errors,
            every_turn=given.every_turn,
            tokenizer=tokenizer,
            sequence_length=sequence_length,
        )
        if len(dataset.faults):
            notes.append(f"{len(dataset.faults):,} faulty lines left out:\n{dataset.faults}")
        return dataset.samples

    samples = read(given.files) if given.files else ()
    if competition is not None and given.practice:
        samples += practised(competition, given, tokenizer, sequence_length, open_stream, window)
    if given.held_out_files:
        held_out = read(given.held_out_files)
        documents, texts = {sample.document for sample in held_out}, set(map(digest, held_out))
        # The same text may be a document by another name.
        train = tuple(one for one in samples if one.document not in documents and digest(one) not in texts)
        if len(train) < len(samples):
            notes.append(f"{len(samples) - len(train):,} samples left out: their documents are held out")
        sides = Split(train=train, held_out=held_out)
    else:
        sides = split(samples, held_out=given.held_out, seed=seed)
    return Data(sides=sides, notes=tuple(notes))


def practised(
    competition: Competition,
    given: Given,
    tokenizer: "PreTrainedTokenizerBase",
    sequence_length: int,
    open_stream: OpenStream,
    window: Window,
) -> tuple[AnySample, ...]:
    """`given.practice` samples of which something can be learned. Raises `StreamError` where streams give too few."""
    found: list[AnySample] = []
    drawn = practice_samples(competition, given.practice_seed, open_stream, window)
    for _, sample in zip(range(_DRAWS * given.practice), drawn, strict=False):
        try:
            token_length(tokenizer, sample, sequence_length=sequence_length)
        except BadLine:
            continue
        found.append(sample)
        if len(found) == given.practice:
            return tuple(found)
    raise StreamError(
        f"the streams of competition {competition.id} gave {len(found):,} of {given.practice:,} samples that "
        f"fit {sequence_length:,} tokens"
    )
