"""A sample: what one draw of a stream gives, in one of four kinds. It knows no tokenizer, no model and no method.

`Sample` carries a text whose loss counts, `ChoiceSample` a question with options, `PreferenceSample` a better and a
worse reply, `InstructionSample` a request whose reply must keep rules. Each names its `document`: what it was cut from,
for one document gives at most one batch a round.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

from finetune.streams.rules.registry import as_plain as plain_rule
from finetune.streams.rules.registry import make_rule
from finetune.streams.rules.rule import Rule


@dataclass(frozen=True, kw_only=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, kw_only=True)
class Sample:
    """`messages` are what the model is shown (none for plain text), `reference` is the text whose loss counts."""

    messages: tuple[Message, ...]
    reference: str
    document: str


@dataclass(frozen=True, kw_only=True)
class ChoiceSample:
    """A question with 2 to 26 options, of which the one at index `right` is true."""

    question: str
    options: tuple[str, ...]
    right: int
    document: str


@dataclass(frozen=True, kw_only=True)
class PreferenceSample:
    """Two replies to the same messages, of which `chosen` is the better one."""

    messages: tuple[Message, ...]
    chosen: str
    rejected: str
    document: str


@dataclass(frozen=True, kw_only=True)
class InstructionSample:
    """A request that says which rules its reply must keep, and those rules."""

    messages: tuple[Message, ...]
    rules: tuple[Rule, ...]
    document: str


AnySample = Sample | ChoiceSample | PreferenceSample | InstructionSample


class Stream(Protocol):
    """A source of samples. The same seed gives the same sample, whatever was drawn before and wherever."""

    def draw(self, seed: bytes) -> AnySample:
        """The sample of one 32-byte seed: an independent draw over the whole source. Raises `StreamError`."""
        ...


_KINDS = {kind.__name__: kind for kind in (Sample, ChoiceSample, PreferenceSample, InstructionSample)}


def as_plain(sample: AnySample) -> dict[str, Any]:
    """The sample as a value that JSON can carry; `from_plain` turns it back."""
    plain = {"kind": type(sample).__name__, **asdict(sample)}
    if isinstance(sample, InstructionSample):
        plain["rules"] = [plain_rule(rule) for rule in sample.rules]
    return plain


def from_plain(plain: Mapping[str, Any]) -> AnySample:
    """The sample that `as_plain` wrote down."""
    fields = dict(plain)
    kind = _KINDS[fields.pop("kind")]
    if "messages" in fields:
        fields["messages"] = tuple(Message(**message) for message in fields["messages"])
    if "options" in fields:
        fields["options"] = tuple(fields["options"])
    if "rules" in fields:
        fields["rules"] = tuple(make_rule(rule["kind"], rule["options"]) for rule in fields["rules"])
    return kind(**fields)
