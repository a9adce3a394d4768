"""Forms of training data: which keys a line of each has, and the samples that it gives. It knows no file.

The document of a sample, which is never split between training and held-out data, is what the line's `document` names;
else all that is shown before the first answer, so that two answers to one question, or two lengths of one conversation,
are one document; else the text.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from finetune.mining.dataset.chats import Turn, in_order, read_turns, with_system
from finetune.mining.dataset.faults import BadLine, shown
from finetune.mining.dataset.same import same_text
from finetune.mining.dataset.texts import text_of
from finetune.streams.sample import AnySample, ChoiceSample, Message, PreferenceSample, Sample
from finetune.streams.turns import Role

Row = Mapping[str, Any]
_MOST_OPTIONS = 26  # one for each letter


@dataclass(frozen=True, kw_only=True)
class Form:
    """One form. A line of it has all of `keys`, none of them null; `read` makes its samples and raises `BadLine`.

    `read(row, every_turn)`: with `every_turn` each answer of a conversation gives a sample, else the last one does.
    """

    name: str
    keys: tuple[str, ...]
    read: Callable[[Row, bool], list[AnySample]]


def form_of(row: Row) -> Form:
    """The first form all of whose keys the row has. Raises `BadLine`."""
    for form in FORMS:
        if all(row.get(key) is not None for key in form.keys):
            return form
    known = "; ".join(f"{form.name}: {', '.join(form.keys)}" for form in FORMS)
    raise BadLine("no form has its keys", f"it has {shown(list(row))}; allowed are {known}")


def _chat(row: Row, every_turn: bool, *, key: str) -> list[AnySample]:
    return _answers(row, with_system(read_turns(row[key], key), row), every_turn)


def _completion(row: Row, every_turn: bool) -> list[AnySample]:
    if row.get("label") is False:
        raise BadLine("a reply is marked as bad", "label is false, as in unpaired preferences; allowed: true, or none")
    prompt = [
        Turn(role=turn.role, content=turn.content, learned=False, is_result=turn.is_result)
        for turn in _part(row, "prompt", "user")
    ]
    return _answers(row, with_system([*prompt, *_part(row, "completion", "assistant")], row), every_turn)


def _preference(row: Row, every_turn: bool) -> list[AnySample]:  # noqa: ARG001 - a pair is one sample
    chosen, rejected = (_reply(row, key) for key in ("chosen", "rejected"))
    if chosen[:-1] != rejected[:-1]:
        raise BadLine("a pair answers two prompts", "all messages before the last must be the same in both")
    if same_text(chosen[-1].content) == same_text(rejected[-1].content):
        raise BadLine("a pair has one reply", f"chosen and rejected are both {shown(chosen[-1].content)}")
    document = _document(row, chosen)
    better, worse = chosen[-1].content, rejected[-1].content
    return [PreferenceSample(messages=chosen[:-1], chosen=better, rejected=worse, document=document)]


def _question(row: Row, every_turn: bool) -> list[AnySample]:  # noqa: ARG001 - a question is one sample
    question, options, right = text_of(row["question"], "question"), row["options"], row["right"]
    if not isinstance(options, list) or not 2 <= len(options) <= _MOST_OPTIONS:
        raise BadLine("its options are malformed", f"options is {shown(options)}; allowed: 2 to {_MOST_OPTIONS} texts")
    texts = tuple(text_of(option, f"option {number}") for number, option in enumerate(options))
    # A second line could pass for one more option.
    if any(len(text.splitlines()) > 1 for text in texts) or len({same_text(text) for text in texts}) < len(texts):
        raise BadLine(
            "its options are malformed", f"they are {shown(texts)}; allowed: different texts of one line each"
        )
    if type(right) is not int or not 0 <= right < len(texts):
        raise BadLine(
            "no option is right", f"right is {shown(right)}; allowed: a whole number from 0 to {len(texts) - 1}"
        )
    about = text_of(row["passage"], "passage") if row.get("passage") else question
    return [ChoiceSample(question=question, options=texts, right=right, document=_document(row, about))]


def _text(row: Row, every_turn: bool) -> list[AnySample]:  # noqa: ARG001 - a text is one sample
    text = text_of(row["text"], "text")
    return [Sample(messages=(), reference=text, document=_document(row, text))]


def _answers(row: Row, turns: list[Turn], every_turn: bool) -> list[AnySample]:
    """A sample for the last answer that is to be learned, or for each."""
    messages = in_order(turns)
    document = _document(row, messages)
    learned = [i for i in range(len(messages)) if messages[i].role == "assistant" and turns[i].learned]
    if not learned:
        raise BadLine(
            "no answer is to be learned", "every message of the assistant has the weight 0; allowed: one with 1"
        )
    return [
        Sample(messages=messages[:i], reference=messages[i].content, document=document)
        for i in (learned if every_turn else learned[-1:])
    ]


def _part(row: Row, key: str, role: Role) -> list[Turn]:
    """A prompt or a reply: messages, or one text, which is a message of `role`."""
    value = row[key]
    return read_turns(value, key) if isinstance(value, list) else [Turn(role=role, content=text_of(value, key))]


def _reply(row: Row, key: str) -> tuple[Message, ...]:
    """The conversation that ends with one reply of a pair; a list that does not begin with it is a whole one."""
    turns = _part(row, key, "assistant")
    if turns[0].role == "assistant":
        if row.get("prompt") is None:
            raise BadLine("a pair has no prompt", f"{key} is an answer alone; allowed: a prompt, or all messages in it")
        turns = [*_part(row, "prompt", "user"), *turns]
    return in_order(with_system(turns, row))


def _document(row: Row, about: str | tuple[Message, ...]) -> str:
    """The SHA-256 of what the document is known by, in hex."""
    known: Any = row.get("document")
    if known is not None and not isinstance(known, str):
        raise BadLine("a value has the wrong type", f"document is {shown(known)}; it must be a text, its name")
    if known:
        known = ["named", known]
    elif isinstance(about, str):
        known = same_text(about)
    else:
        first = [message.role for message in about].index("assistant")
        known = [[message.role, same_text(message.content)] for message in about[:first]]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


# In the order in which they are tried.
FORMS = (
    Form(name="preference pairs", keys=("chosen", "rejected"), read=_preference),
    Form(name="OpenAI messages", keys=("messages",), read=lambda row, every: _chat(row, every, key="messages")),
    Form(name="ShareGPT", keys=("conversations",), read=lambda row, every: _chat(row, every, key="conversations")),
    Form(name="prompt and completion", keys=("prompt", "completion"), read=_completion),
    Form(name="questions", keys=("question", "options", "right"), read=_question),
    Form(name="plain text", keys=("text",), read=_text),
)
