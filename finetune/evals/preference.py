"""The loss of method `preference`: whether the better of two replies is the likelier one, byte for byte."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from finetune.evals.forward import branch_cross_entropies
from finetune.evals.tokens import Tokens, tokenize
from finetune.streams.sample import PreferenceSample, Sample

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

WORST = 8.0
# What a byte costs that fits in no scored token, as in `reference_loss`: 8 bits.
_UNSCORED = 8 * math.log(2)


def preference(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    samples: Sequence[PreferenceSample],
    *,
    sequence_length: int,
) -> Iterator[float]:
    """Bits for each sample: -log2 sigmoid(m), m = nats per byte of the rejected reply less those of the chosen one.

    Per byte, so that a short reply is not the likelier one for being short. Worked example: chosen 0.5 nats a byte and
    rejected 1.5 give m = 1 and a loss of 0.45; no difference gives 1. A reply that the tokenizer loses costs `WORST`.
    """
    for sample in samples:
        tokens = [
            tokenize(
                tokenizer,
                Sample(messages=sample.messages, reference=reply, document=sample.document),
                sequence_length=sequence_length,
            )
            for reply in (sample.chosen, sample.rejected)
        ]
        yield _loss(model, [one for one in tokens if one is not None])


def _loss(model: "PreTrainedModel", replies: list[Tokens]) -> float:
    if len(replies) < 2 or not all(one.scored for one in replies):
        return WORST
    nats = branch_cross_entropies(model, [(one.prompt, one.scored) for one in replies])
    chosen, rejected = (
        (cost + _UNSCORED * one.unscored_bytes) / one.total_bytes for cost, one in zip(nats, replies, strict=True)
    )
    margin = rejected - chosen
    # log(1 + e^-m), written so that no exponential overflows; NaN stays NaN and is bounded by the rules.
    return (max(-margin, 0.0) + math.log1p(math.exp(-abs(margin)))) / math.log(2)
