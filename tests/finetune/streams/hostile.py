"""Samples that no stream draws, for checkers to refuse: of every kind, with messages and texts of all sorts."""

from typing import Any

from finetune.streams.sample import AnySample, ChoiceSample, InstructionSample, Message, PreferenceSample, Sample

_TEXTS: tuple[Any, ...] = ("", " ", "\n\n", "{question}", "\0", "é" * 50, "9" * 5000, "a, " * 20_000, "\ud800", None, 7)


def _messages() -> list[Any]:
    talks: list[Any] = [(Message(role="user", content=text),) for text in _TEXTS]
    turn = Message(role="user", content="How many?")
    return [*talks, (), (turn, turn), (Message(role="system", content="How many?"),), [turn], None, (None,)]


def hostile() -> list[AnySample]:
    """Samples of all kinds, of which none is true."""
    samples: list[AnySample] = []
    for messages in _messages():
        samples.append(Sample(messages=messages, reference="7", document="a"))
        samples.append(PreferenceSample(messages=messages, chosen="7", rejected="8", document="a"))
        samples.append(InstructionSample(messages=messages, rules=(), document="a"))
        samples.append(InstructionSample(messages=messages, rules=(None,), document="a"))  # type: ignore[arg-type]
    samples += [ChoiceSample(question=text, options=("a", "b"), right=0, document="a") for text in _TEXTS]
    lists: tuple[Any, ...] = ((), ("a",), ("a", "a"), ("a", None), ["a", "b"], None, tuple(map(str, range(30))))
    rights: tuple[Any, ...] = (0, -1, 99, None)
    pairs = [(options, right) for options in lists for right in rights]
    samples += [ChoiceSample(question="Who?", options=options, right=right, document="a") for options, right in pairs]
    return samples
