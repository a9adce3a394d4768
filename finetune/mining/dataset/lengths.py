"""How long samples are, in bytes and in tokens, and whether anything can be learned of each. It knows no file."""

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.errors import ScoringError
from finetune.evals.tokens import tokenize
from finetune.mining.dataset.faults import BadLine
from finetune.mining.lessons import lesson
from finetune.streams.sample import AnySample, PreferenceSample, Sample

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Statistics of some lengths. `longer` of them are above a limit, None where there is no limit."""

    count: int
    least: int
    median: int
    p95: int
    most: int
    longer: int | None


def summary(lengths: Sequence[int], *, limit: int | None = None) -> Lengths:
    """The statistics of at least one length. Percentile p is by nearest rank: element ceil(p * n) in order."""
    ordered = sorted(lengths)

    def rank(share: float) -> int:
        return ordered[math.ceil(share * len(ordered)) - 1]

    longer = None if limit is None else sum(length > limit for length in ordered)
    return Lengths(
        count=len(ordered), least=ordered[0], median=rank(0.5), p95=rank(0.95), most=ordered[-1], longer=longer
    )


def byte_length(sample: AnySample) -> int:
    """UTF-8 bytes of a sample's texts: messages and reply, of two replies the longer one."""
    return max(
        sum(len(message.content.encode()) for message in one.messages) + len(one.reference.encode())
        for one in _replies(sample)
    )


def token_length(tokenizer: "PreTrainedTokenizerBase", sample: AnySample, *, sequence_length: int | None) -> int:
    """Tokens of a sample as training shows it, of two replies the longer one.

    Raises `BadLine` where training would have nothing to learn: the tokenizer loses the reply or refuses the messages,
    or the reply begins beyond `sequence_length`.
    """
    return max(_tokens(tokenizer, one, sequence_length) for one in _replies(sample))


def _tokens(tokenizer: "PreTrainedTokenizerBase", sample: Sample, limit: int | None) -> int:
    try:
        tokens = tokenize(tokenizer, sample, sequence_length=sys.maxsize)
    except ScoringError as error:
        raise BadLine("the tokenizer fails", str(error)) from None
    if tokens is None or not tokens.scored:
        raise BadLine("the tokenizer loses the reply", "decoding its tokens must give its text back")
    if limit is not None and len(tokens.prompt) >= limit:
        found = f"what is shown before it has {len(tokens.prompt):,} tokens"
        raise BadLine("the reply begins too late", f"{found}; allowed: fewer than the sequence length, {limit:,}")
    return len(tokens.prompt) + len(tokens.scored)


def _replies(sample: AnySample) -> Iterator[Sample]:
    """The sample with its reply as the reference; a pair once for each of its replies."""
    yield lesson(sample)
    if isinstance(sample, PreferenceSample):
        yield Sample(messages=sample.messages, reference=sample.rejected, document=sample.document)
