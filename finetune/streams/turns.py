"""Conversations of a dataset, and the samples made of them: roles by other names, turns in order, one reference.

It knows no file. What is wrong with a conversation is a `BadRow`.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Literal

from finetune.streams.cutting import cut
from finetune.streams.parquet_rows import BadRow
from finetune.streams.row_text import checked
from finetune.streams.sample import Message, Sample

Role = Literal["system", "user", "assistant"]
ROLES: dict[str, Role] = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}


def conversation(turns: Sequence[tuple[str, str]]) -> tuple[Message, ...]:
    """The turns up to the last one of the assistant.

    At most one system turn comes first, then user and assistant take turns, the user first. Raises `BadRow`.
    """
    messages = [Message(role=_role(role), content=content) for role, content in turns]
    spoken = messages[1:] if messages and messages[0].role == "system" else messages
    for number, message in enumerate(spoken):
        if message.role != ("user", "assistant")[number % 2]:
            raise BadRow("its turns are not in order")
    if len(spoken) < 2:
        raise BadRow("nobody answers")
    return tuple(messages[:-1] if messages[-1].role == "user" else messages)


def chat_sample(messages: Sequence[Message], *, max_bytes: int, place: int = -1) -> Sample:
    """The sample whose reference is the message at `place`, the last by default, cut to `max_bytes` of UTF-8.

    The document is the whole conversation, before any cut. Raises `BadRow` for an empty text, one that imitates a chat
    template, or messages before the reference that have more than `max_bytes` together.
    """
    plain = tuple(Message(role=one.role, content=checked(one.content)) for one in messages)
    before, reference = plain[:place], plain[place]
    if sum(len(one.content.encode()) for one in before) > max_bytes:
        raise BadRow("its messages are too long")
    document = json.dumps([[one.role, one.content] for one in plain])
    return Sample(
        messages=before,
        reference=cut(reference.content, max_bytes),
        document=hashlib.sha256(document.encode()).hexdigest(),
    )


def _role(name: str) -> Role:
    if name not in ROLES:
        raise BadRow("a role is unknown")
    return ROLES[name]
