"""Rules on what a reply begins and ends with."""

from dataclasses import dataclass
from typing import Self

from finetune.streams.draws import Draws
from finetune.streams.rules.checks import one_line, one_of
from finetune.streams.rules.counting import CLOSING_QUOTES, OPENING_QUOTES, bare_line, has_word
from finetune.streams.rules.draft import Draft
from finetune.streams.rules.rule import Rule

# No commas and no words from the vocabulary, so that these go with every rule on words.
OPENINGS = (
    "Here is what I can tell you.",
    "Let us take a closer look.",
    "To put it in a few lines:",
    "I am glad that you asked.",
    "This is how I see it:",
)
CLOSINGS = (
    "That is all for now.",
    "I hope that this is of use.",
    "Tell me what you think of it.",
    "Shall I go into it further?",
    "And there it ends.",
)
MARKERS = ("P.S.", "P.P.S.")


@dataclass(frozen=True, kw_only=True)
class StartPhrase(Rule):
    """The reply begins with exactly `phrase`. The published benchmark has no such rule."""

    kind = "startend:start_checker"
    wording = 'Begin the reply with exactly "{phrase}" (without the quotation marks), and put nothing before it.'

    phrase: str

    def __post_init__(self) -> None:
        one_line(self.kind, "phrase", self.phrase)

    @classmethod
    def draw(cls, draws: Draws) -> Self:
        """One of the openings."""
        return cls(phrase=draws.choice(OPENINGS))

    def holds(self, reply: str) -> bool:
        """Whether the phrase comes first, and its last word is not the beginning of a longer one."""
        text = reply.strip()
        touched = self.phrase[-1].isalnum() and text[len(self.phrase) :][:1].isalnum()
        return text.startswith(self.phrase) and not touched

    def write(self, draft: Draft) -> None:
        """Begin with the phrase."""
        draft.opening = self.phrase + "\n"


@dataclass(frozen=True, kw_only=True)
class EndPhrase(Rule):
    """The reply ends with exactly `phrase`. Unlike with the published checker, capitals count: "exactly" says so."""

    kind = "startend:end_checker"
    wording = 'End the reply with exactly "{phrase}" (without the quotation marks), and put nothing after it.'

    phrase: str

    def __post_init__(self) -> None:
        one_line(self.kind, "phrase", self.phrase)

    @classmethod
    def draw(cls, draws: Draws) -> Self:
        """One of the closings."""
        return cls(phrase=draws.choice(CLOSINGS))

    def holds(self, reply: str) -> bool:
        """Whether the phrase comes last, and its first word is not the end of a longer one."""
        text = reply.strip()
        touched = self.phrase[0].isalnum() and text[: -len(self.phrase)][-1:].isalnum()
        return text.endswith(self.phrase) and not touched

    def write(self, draft: Draft) -> None:
        """End with the phrase."""
        draft.closing = "\n" + self.phrase


@dataclass(frozen=True, kw_only=True)
class Quotation(Rule):
    """Double quotation marks around the whole reply: straight or, unlike with the published checker, curly ones."""

    kind = "startend:quotation"
    wording = "Put the whole reply inside double quotation marks."

    @classmethod
    def draw(cls, draws: Draws) -> Self:  # noqa: ARG003
        """The rule: it has no values."""
        return cls()

    def holds(self, reply: str) -> bool:
        """Whether the first and the last character are quotation marks around some word."""
        text = reply.strip()
        return text.startswith(tuple(OPENING_QUOTES)) and text.endswith(tuple(CLOSING_QUOTES)) and has_word(text)

    def write(self, draft: Draft) -> None:
        """Put quotation marks around the text."""
        draft.finishes.append('"{}"'.format)


@dataclass(frozen=True, kw_only=True)
class Title(Rule):
    """The first line is a title in double angle brackets. The published checker takes one from anywhere."""

    kind = "detectable_format:title"
    wording = "Begin the reply with a title on its own line, in double angle brackets, like <<Snow in the Hills>>."

    @classmethod
    def draw(cls, draws: Draws) -> Self:  # noqa: ARG003
        """The rule: it has no values."""
        return cls()

    def holds(self, reply: str) -> bool:
        """Whether the first line is <<...>> with a word and no further angle bracket inside."""
        line = bare_line(reply.strip().partition("\n")[0])
        inside = line[2:-2]
        return line == f"<<{inside}>>" and has_word(inside) and "<" not in inside and ">" not in inside

    def write(self, draft: Draft) -> None:
        """Begin with a title."""
        draft.opening = "<<Notes>>\n"


@dataclass(frozen=True, kw_only=True)
class Postscript(Rule):
    """The last line is a postscript. The published checker takes the marker from anywhere."""

    kind = "detectable_content:postscript"
    wording = 'End the reply with a postscript: a last line that starts with "{marker}" and says something more.'

    marker: str

    def __post_init__(self) -> None:
        one_of(self.kind, "marker", self.marker, MARKERS)

    @classmethod
    def draw(cls, draws: Draws) -> Self:
        """One of the markers."""
        return cls(marker=draws.choice(MARKERS))

    def holds(self, reply: str) -> bool:
        """Whether the last line is the marker and some word, after a reply of some word."""
        before, _, last = reply.strip().rpartition("\n")
        line = bare_line(last)
        return line.startswith(self.marker) and has_word(line[len(self.marker) :]) and has_word(before)

    def write(self, draft: Draft) -> None:
        """End with a postscript."""
        draft.closing = f"\n{self.marker} It is done."
