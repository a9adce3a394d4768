"""Rules that settle the form of the whole reply: JSON, one of a few answers, two replies in one."""

import json
import re
from dataclasses import dataclass
from typing import NoReturn, Self

from finetune.streams.draws import Draws
from finetune.streams.rules.checks import different_lines
from finetune.streams.rules.counting import bare_words, parts
from finetune.streams.rules.draft import Draft
from finetune.streams.rules.rule import Rule

ANSWERS = (
    ("My answer is yes.", "My answer is no.", "My answer is maybe."),
    ("I agree.", "I disagree.", "I cannot decide."),
    ("This is true.", "This is false.", "This is not known."),
)
_FENCED = re.compile(r"```(?:json)?\s(.*)```", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class JsonFormat(Rule):
    """The whole reply is one JSON object. Unlike with the published checker, a bare number, text or NaN is none."""

    kind = "detectable_format:json_format"
    wording = "Write the whole reply as one JSON object, with nothing before or after it."

    @classmethod
    def draw(cls, draws: Draws) -> Self:  # noqa: ARG003
        """The rule: it has no values."""
        return cls()

    def holds(self, reply: str) -> bool:
        """Whether it is a JSON object, in a Markdown code block or not."""
        text = reply.strip()
        fenced = _FENCED.fullmatch(text)
        try:
            value = json.loads(fenced[1] if fenced else text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict)

    def write(self, draft: Draft) -> None:
        """Make the text the one value of an object."""
        draft.finishes.append(lambda text: json.dumps({"text": text}))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


@dataclass(frozen=True, kw_only=True)
class ConstrainedResponse(Rule):
    """The reply is one of `answers` and nothing else. The published checker takes one from anywhere in the reply."""

    kind = "detectable_format:constrained_response"

    answers: tuple[str, ...]

    def __post_init__(self) -> None:
        different_lines(self.kind, "answers", self.answers)

    @classmethod
    def draw(cls, draws: Draws) -> Self:
        """One set of answers."""
        return cls(answers=draws.choice(ANSWERS))

    def instruction(self) -> str:
        """Name the answers."""
        quoted = " or ".join(f'"{answer}"' for answer in self.answers)
        return f"Reply with one of these answers, without the quotation marks, and nothing else: {quoted}"

    def holds(self, reply: str) -> bool:
        """Whether the reply is one of the answers."""
        return reply.strip() in self.answers

    def write(self, draft: Draft) -> None:
        """Say the first answer instead."""
        draft.finishes.append(lambda _: self.answers[0])


@dataclass(frozen=True, kw_only=True)
class TwoResponses(Rule):
    """Two replies that differ in some word, with a line of six asterisks between them."""

    kind = "combination:two_responses"
    wording = (
        "Write two different versions of the reply, with a line of six asterisks (******) between them and nowhere "
        "else; whatever else is asked for is asked of both taken together."
    )

    @classmethod
    def draw(cls, draws: Draws) -> Self:  # noqa: ARG003
        """The rule: it has no values."""
        return cls()

    def holds(self, reply: str) -> bool:
        """Whether there are two, of different words."""
        found = parts(reply, "******")
        return len(found) == 2 and bare_words(found[0]) != bare_words(found[1])

    def write(self, draft: Draft) -> None:
        """Part the body in two."""
        draft.heads = ["One: ", "Two: "]
        draft.divider = "\n******\n"
