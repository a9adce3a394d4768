"""What a sample teaches: its prompt and the reply that a model should give. It knows no tokenizer and no model."""

from string import ascii_uppercase

from finetune.evals.multiple_choice import question
from finetune.streams.rules.registry import compose
from finetune.streams.sample import AnySample, ChoiceSample, InstructionSample, Message, PreferenceSample, Sample


def lesson(sample: AnySample) -> Sample:
    """The sample with the reply as its reference.

    That is the letter of the right option, the better of two replies, or, for rules, a plain text that keeps them all.
    """
    if isinstance(sample, ChoiceSample):
        messages = (Message(role="user", content=question(sample, 0)),)
        return Sample(messages=messages, reference=ascii_uppercase[sample.right], document=sample.document)
    if isinstance(sample, PreferenceSample):
        return Sample(messages=sample.messages, reference=sample.chosen, document=sample.document)
    if isinstance(sample, InstructionSample):
        return Sample(messages=sample.messages, reference=compose(sample.rules), document=sample.document)
    return sample
