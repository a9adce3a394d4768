"""The loss of method `ifeval`: the share of its rules that a reply breaks. The rules are in `streams/rules`.

Replies are generated a batch at a time. A reply that the model gives to two different prompts keeps no rule: a constant
answer that happens to suit many rules is not following instructions. Only where a prompt names the few replies it takes
is the same one no repetition.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from finetune.evals.generate import replies
from finetune.evals.sanity import check_replies, repeats
from finetune.evals.tokens import prompt_ids
from finetune.streams.rules.registry import broken
from finetune.streams.rules.whole import ConstrainedResponse
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
    wanted = [_is_asked_for(sample, reply) for sample, reply in zip(samples, found, strict=True)]
    repeated = [again and not one for again, one in zip(repeats(prompts, found), wanted, strict=True)]
    check_replies(prompts, found, repeated)
    for sample, reply, again in zip(samples, found, repeated, strict=True):
        yield 1.0 if again else broken(sample.rules, reply) / len(sample.rules)


def _is_asked_for(sample: InstructionSample, reply: str) -> bool:
    """Whether the reply is one of few that the sample's rules name."""
    return any(isinstance(rule, ConstrainedResponse) and rule.holds(reply) for rule in sample.rules)
