"""Rules on marks and lines in a reply: bullet points, highlights, placeholders, sections."""

import re
from dataclasses import dataclass
from typing import Self

from finetune.streams.draws import Draws
from finetune.streams.rules.checks import one_of, whole_number
from finetune.streams.rules.counted import AT_LEAST, EXACTLY, CountedRule
from finetune.streams.rules.counting import OPENING_QUOTES, bare_line, has_word
from finetune.streams.rules.draft import Draft
from finetune.streams.rules.rule import Rule

BULLETS = ("* ", "- ", "+ ", "\u2022 ")
SPLITTERS = ("SECTION", "PART", "CHAPTER", "STEP")
_ASTERISKS = re.compile(r"\*+")
_PLACEHOLDER = re.compile(r"\[([^\[\]\n]*)\](?!\()")
_HEADING = re.compile(r"([A-Z]+) ([0-9]{1,4})\b")


@dataclass(frozen=True, kw_only=True)
class NumberBullets(CountedRule):
    """A number of bullet points. Unlike with the published checker, **bold** or a rule of "- - -" begins none."""

    kind = "detectable_format:number_bullet_lists"
    wording = 'Use {amount}, each on its own line that starts with "* ".'
    noun = "bullet point"
    ranges = ((EXACTLY, range(2, 7)),)

    def found(self, reply: str) -> int:
        """How many lines start with a bullet, indented or not, and go on with a word."""
        lines = (line.lstrip(" \t" + OPENING_QUOTES) for line in reply.splitlines())
        return sum(line.startswith(BULLETS) and has_word(line) for line in lines)

    def write(self, draft: Draft) -> None:
        """Ask for the bullet points."""
        draft.bullets = self.needed


@dataclass(frozen=True, kw_only=True)
class NumberHighlights(CountedRule):
    """A number of highlights: *one*, **two** or ***three***.

    Unlike with the published checker, the asterisk of a bullet point begins none, nor do those of 2*3*4, and bold text
    counts once.
    """

    kind = "detectable_format:number_highlighted_sections"
    wording = "Highlight {amount} of the reply with asterisks, like *these words*."
    noun = "part"
    ranges = ((AT_LEAST, range(2, 6)),)

    def found(self, reply: str) -> int:
        """How many highlights there are."""
        return sum(map(_count_highlights, reply.splitlines()))

    def write(self, draft: Draft) -> None:
        """Put highlights in."""
        draft.pieces += ["*this*"] * self.needed


def _count_highlights(line: str) -> int:
    """The highlights of one line: a run of asterisks before a word, to the next run that is as long and after one."""
    count = 0
    opened: re.Match[str] | None = None
    for run in _ASTERISKS.finditer(line):
        before, after = line[max(0, run.start() - 1) : run.start()], line[run.end() : run.end() + 1]
        if opened and run[0] == opened[0] and not before.isspace():
            count += has_word(line[opened.end() : run.start()])
            opened = None
        elif after.strip() and not before.isalnum() and len(run[0]) <= 3:
            opened = run
    return count


@dataclass(frozen=True, kw_only=True)
class NumberPlaceholders(CountedRule):
    """A number of placeholders. Unlike with the published checker, links, [1] and [ ] are none."""

    kind = "detectable_content:number_placeholders"
    wording = "Use {amount}, that is, a word or two in square brackets to be filled in later, like [name]."
    noun = "placeholder"
    ranges = ((AT_LEAST, range(2, 5)),)

    def found(self, reply: str) -> int:
        """How many stretches in square brackets have a letter and are no link."""
        return sum(any(map(str.isalpha, inside)) for inside in _PLACEHOLDER.findall(reply))

    def write(self, draft: Draft) -> None:
        """Put placeholders in."""
        draft.pieces += ["[name]"] * self.needed


@dataclass(frozen=True, kw_only=True)
class MultipleSections(Rule):
    """Exactly `count` sections with the headings SPLITTER 1, SPLITTER 2 and so on, in order, each with some text.

    The published checker counts the splitter wherever it stands and does not look at the order.
    """

    kind = "detectable_format:multiple_sections"
    wording = (
        'Write exactly {count} sections, each with a heading on its own line that starts with "{splitter}" and its '
        "number: {splitter} 1 and so on up to {splitter} {count}."
    )

    count: int
    splitter: str

    def __post_init__(self) -> None:
        whole_number(self.kind, "count", self.count, least=2, most=20)
        one_of(self.kind, "splitter", self.splitter, SPLITTERS)

    @classmethod
    def draw(cls, draws: Draws) -> Self:
        """A count and a splitter."""
        return cls(count=2 + draws.below(3), splitter=draws.choice(SPLITTERS))

    def holds(self, reply: str) -> bool:
        """Whether the headings are numbered from 1 to the count, and a word follows each before the next."""
        numbers: list[int] = []
        filled: list[bool] = []
        for line in reply.splitlines():
            heading = _HEADING.match(bare_line(line))
            if heading and heading[1] == self.splitter:
                numbers.append(int(heading[2]))
                filled.append(False)
            elif filled:
                filled[-1] = filled[-1] or has_word(line)
        return numbers == list(range(1, self.count + 1)) and all(filled)

    def write(self, draft: Draft) -> None:
        """Part the body under headings."""
        draft.heads = [f"{self.splitter} {i}\n" for i in range(1, self.count + 1)]
