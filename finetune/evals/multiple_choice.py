"""The loss of method `multiple_choice`: how much of the options' likelihood the right one gets, over all rotations.

The model is shown the question with its options under letters and is scored on how likely each letter is as the reply.
Nothing is generated, so no stray letter in a text counts as an answer. The options are rotated under the letters until
each has stood under every one: liking a letter or a place gains nothing.
"""

import math
from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING

from finetune.evals.forward import branch_cross_entropies
from finetune.evals.tokens import tokenize
from finetune.streams.sample import ChoiceSample, Message, Sample

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# Bits: the right option's share of the likelihood is 1 in 256.
WORST = 8.0


def multiple_choice(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    samples: Sequence[ChoiceSample],
    *,
    sequence_length: int,
) -> Iterator[float]:
    """Bits for each sample: the mean over the rotations of -log2(p(right letter) / sum of p over all letters).

    Worked example: four options and a model that finds all letters as likely: -log2(1/4) = 2. A letter that the
    tokenizer loses, or a question longer than `sequence_length`, costs `WORST`.
    """
    for sample in samples:
        yield _loss(model, tokenizer, sample, sequence_length)


def question(sample: ChoiceSample, rotation: int) -> str:
    """What the model is shown: the options in order, beginning with the one at index `rotation`."""
    turned = sample.options[rotation:] + sample.options[:rotation]
    lines = [f"{letter}. {option}" for letter, option in zip(ascii_uppercase, turned, strict=False)]
    return "\n".join([sample.question, "", *lines, "", "Reply with the letter of the right answer alone."])


def _loss(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", sample: ChoiceSample, sequence_length: int
) -> float:
    count = len(sample.options)
    sequences = []
    for rotation in range(count):
        messages = (Message(role="user", content=question(sample, rotation)),)
        for letter in ascii_uppercase[:count]:
            shown = Sample(messages=messages, reference=letter, document=sample.document)
            tokens = tokenize(tokenizer, shown, sequence_length=sequence_length)
            if tokens is None or tokens.unscored_bytes:
                return WORST
            sequences.append((tokens.prompt, tokens.scored))
    nats = branch_cross_entropies(model, sequences)
    bits = 0.0
    for rotation in range(count):
        letters = nats[rotation * count : (rotation + 1) * count]
        bits += _bits(letters, (sample.right - rotation) % count)
    return bits / count


def _bits(nats: list[float], right: int) -> float:
    """-log2 of the right one's share of the likelihoods exp(-nats), bounded before it is averaged; NaN is the worst."""
    if not all(map(math.isfinite, nats)):
        return WORST
    # Only differences count: without the smallest, exp cannot underflow for all of them.
    least = min(nats)
    total = math.fsum(math.exp(least - each) for each in nats)
    return min(WORST, (nats[right] - least + math.log(total)) / math.log(2))
