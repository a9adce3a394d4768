"""The loss of methods `reference` and `text`: bits per UTF-8 byte of the reference. It knows no file and no device.

Per byte of the sample's own text, never per token: a tokenizer with longer tokens gains nothing by that alone.
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from finetune.evals.forward import cross_entropy
from finetune.evals.tokens import tokenize
from finetune.streams.sample import Sample

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# Bits per byte: what a model that knows nothing pays, each of 256 values being as likely as another.
WORST = 8.0


def reference_loss(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", samples: Sequence[Sample], *, sequence_length: int
) -> Iterator[float]:
    """Bits per byte of each sample: (nats of the scored tokens / ln 2 + 8 * bytes not scored) / bytes; NaN possible.

    Worked example: a reference of 10 bytes, 8 of them in tokens that cost 11.09 nats (16 bits) and 2 beyond the
    sequence length: (16 + 8 * 2) / 10 = 3.2. A reference that the tokenizer loses costs `WORST`.
    """
    for sample in samples:
        tokens = tokenize(tokenizer, sample, sequence_length=sequence_length)
        if tokens is None:
            yield WORST
            continue
        bits = WORST * tokens.unscored_bytes
        if tokens.scored:
            bits += cross_entropy(model, tokens.prompt, tokens.scored) / math.log(2)
        yield bits / tokens.total_bytes
