"""Samples as rows of token ids, through the tokenisation of scoring: what is trained is what is scored."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from finetune.errors import SetupError
from finetune.evals.tokens import Tokens
from finetune.mining.collate import IGNORED, learnable
from finetune.streams.sample import AnySample, PreferenceSample, Sample

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Columns of rows, each cell a list of ids.
Columns = dict[str, list[list[int]]]


def reply_columns(tokenizer: "PreTrainedTokenizerBase", samples: Iterable[AnySample], sequence_length: int) -> Columns:
    """`input_ids` of prompt and reply, and `labels`: the same ids, those of the prompt ignored.

    Raises `SetupError` for a sample whose reply cannot be learned.
    """
    found = [learnable(tokenizer, sample, sequence_length=sequence_length) for sample in samples]
    return {
        "input_ids": [one.prompt + one.scored for one in found],
        "labels": [[IGNORED] * len(one.prompt) + one.scored for one in found],
    }


def pair_columns(tokenizer: "PreTrainedTokenizerBase", samples: Iterable[AnySample], sequence_length: int) -> Columns:
    """`prompt_ids`, and `chosen_ids` and `rejected_ids` after it.

    Raises `SetupError` for a sample that is no preference pair, or whose replies cannot be learned.
    """
    columns: Columns = {"prompt_ids": [], "chosen_ids": [], "rejected_ids": []}
    for sample in samples:
        if not isinstance(sample, PreferenceSample):
            raise SetupError(
                f"this recipe learns from preference pairs, and sample {sample.document!r:.80} is none; "
                "docs/training-data.md shows their form"
            )
        chosen, rejected = (_reply(tokenizer, sample, one, sequence_length) for one in (sample.chosen, sample.rejected))
        columns["prompt_ids"].append(chosen.prompt)
        columns["chosen_ids"].append(chosen.scored)
        columns["rejected_ids"].append(rejected.scored)
    return columns


def _reply(tokenizer: "PreTrainedTokenizerBase", pair: PreferenceSample, reply: str, sequence_length: int) -> Tokens:
    sample = Sample(messages=pair.messages, reference=reply, document=pair.document)
    return learnable(tokenizer, sample, sequence_length=sequence_length)
