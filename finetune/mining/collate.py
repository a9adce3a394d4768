"""Makes one batch for training of some samples, through the tokenisation of scoring. It knows no model."""

from typing import TYPE_CHECKING

from finetune.errors import SetupError
from finetune.evals.tokens import Tokens, tokenize
from finetune.mining.lessons import lesson
from finetune.streams.sample import AnySample

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

# The label that torch's cross-entropy leaves out.
IGNORED = -100


def learnable(tokenizer: "PreTrainedTokenizerBase", sample: AnySample, *, sequence_length: int) -> Tokens:
    """The ids of one sample's lesson. Raises `SetupError` if nothing can be learned of its reply."""
    tokens = tokenize(tokenizer, lesson(sample), sequence_length=sequence_length)
    if tokens is None or not tokens.scored:
        why = "is lost by the tokenizer" if tokens is None else f"begins beyond {sequence_length} tokens"
        raise SetupError(f"the reference of sample {sample.document!r:.80} {why}: there is nothing to learn")
    return tokens


def collate(batch: list[Tokens]) -> "tuple[torch.Tensor, torch.Tensor]":
    """Ids and labels of a batch, each of shape (batch, longest - 1): the label of a position is the id after it.

    Labels of prompt and padding are `IGNORED`.
    """
    import torch

    width = max(len(tokens.prompt) + len(tokens.scored) for tokens in batch) - 1
    ids = torch.zeros((len(batch), width), dtype=torch.long)
    labels = torch.full((len(batch), width), IGNORED)
    for row, tokens in enumerate(batch):
        shown = (tokens.prompt + tokens.scored)[:-1]
        ids[row, : len(shown)] = torch.tensor(shown)
        labels[row, len(tokens.prompt) - 1 : len(shown)] = torch.tensor(tokens.scored)
    return ids, labels
