"""Wordings: texts with fields that a stream's draw says and its checker reads again. They know no stream.

A checker that reads a sample's own text holds nothing of the draw: what it finds true is true for any reader.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from string import Formatter

from finetune.streams.sample import Message

# A checker looks no further into a text that no draw makes as long.
MOST_CHARACTERS = 20_000


class Wording:
    """A text with named fields in braces, such as "Who taught {name}?"."""

    def __init__(self, text: str, fields: Mapping[str, str]) -> None:
        """Take `fields`, the regular expression of what each field may hold."""
        self.text = text
        pattern, seen = "", set()
        for literal, name, _, _ in Formatter().parse(text):
            pattern += re.escape(literal)
            if name is not None:
                pattern += f"(?P={name})" if name in seen else f"(?P<{name}>{fields[name]})"
                seen.add(name)
        self._pattern = re.compile(pattern, re.DOTALL)

    def say(self, **values: object) -> str:
        """The text with its fields filled in; values that it has no field for are left out."""
        return self.text.format(**values)

    def read(self, text: str) -> dict[str, str] | None:
        """What the fields hold in `text`, or None if it is another text."""
        found = self._pattern.fullmatch(text)
        return found.groupdict() if found else None


def wordings(fields: Mapping[str, str], *texts: str) -> tuple[Wording, ...]:
    """Several wordings with the same fields."""
    return tuple(Wording(text, fields) for text in texts)


def readings(known: Sequence[Wording], text: str) -> Iterator[dict[str, str]]:
    """Every way to read `text` as one of the known wordings."""
    for wording in known:
        found = wording.read(text)
        if found is not None:
            yield found


def only_message(messages: object) -> str | None:
    """What the user says in the only message there is, or None if that is not what `messages` are."""
    if not isinstance(messages, tuple) or len(messages) != 1:
        return None
    (message,) = messages
    if not isinstance(message, Message) or message.role != "user":
        return None
    return message.content if is_text(message.content) else None


def is_text(value: object) -> bool:
    """Whether `value` is a text short enough to be looked into."""
    return isinstance(value, str) and 0 < len(value) <= MOST_CHARACTERS
