"""The loss of method `ifeval`: the share of its rules that a reply breaks. The rules are in `streams/rules`.

Replies are generated a batch at a time. A reply that the model gives to two different prompts keeps no rule: a constant
answer that happens to suit many rules is not following instructions.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from finetune.evals.generate import replies
from finetune.evals.sanity import check_replies
from finetune.evals.tokens import prompt_ids
from finetune.streams.rules.registry import broken
from finetune.streams.sample import InstructionSample

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def ifeval(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    samples: Sequence[InstructionSample],
    *,
    sequence_length: int,
) -> Iterator[float]:
    """Rules broken / rules of each sample, from 0 to 1. Raises `ModelRejected` where the replies are degenerate."""
    prompts = [prompt_ids(tokenizer, sample.messages) for sample in samples]
    found = replies(model, tokenizer, prompts, sequence_length=sequence_length)
    check_replies(prompts, found)
    given = defaultdict(set)
    for prompt, reply in zip(prompts, found, strict=True):
        given[reply.strip()].add(tuple(prompt))
    for sample, reply in zip(samples, found, strict=True):
        repeated = len(given[reply.strip()]) > 1
        yield 1.0 if repeated else broken(sample.rules, reply) / len(sample.rules)
