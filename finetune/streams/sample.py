"""A sample: what one draw of a stream gives. It knows no tokenizer and no model."""

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, kw_only=True)
class Message:
    """One turn of a conversation before the reference."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One thing to score a model on.

    `messages` are what the model is shown (none for plain text); `reference` is the text whose loss counts; `document`
    names what the sample was cut from, for one document gives at most one batch a round.
    """

    messages: tuple[Message, ...]
    reference: str
    document: str


class Stream(Protocol):
    """A source of samples. The same seed gives the same sample, whatever was drawn before and wherever."""

    def draw(self, seed: bytes) -> Sample:
        """The sample of one 32-byte seed: an independent draw over the whole source. Raises `StreamError`."""
        ...
