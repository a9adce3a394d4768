"""Headings: where a text's parts begin, and under which titles. It knows no file and no size.

Markdown has `# Title` and a title underlined with `===` or `---`; headings inside fenced code are code. Plain text has
titles underlined with a punctuation mark, of which the one that comes first is the highest level, as in
reStructuredText. Lines are looked at one by one with plain string methods, so no input is slow.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_UNDERLINES = "=-~^*#\"'`:.+_"
_LONGEST_TITLE = 200  # characters; a longer line is a paragraph
_LONGEST_FRONT_MATTER = 200  # lines
_SLACK = 3  # characters by which an underline may be longer or shorter than its title


@dataclass(frozen=True, kw_only=True)
class Part:
    """The text between one heading and the next; `titles` leads from the document's first level down to it."""

    titles: tuple[str, ...]
    text: str


@dataclass(frozen=True, kw_only=True)
class _Heading:
    """A heading from line `first` up to, without, line `after`."""

    first: int
    after: int
    level: int
    title: str


def split_at_headings(text: str, *, is_markdown: bool) -> tuple[Part, ...]:
    """The parts of a text in order, empty ones left out. What stands before the first heading has no titles."""
    lines = text.split("\n")
    start = _after_front_matter(lines) if is_markdown else 0
    parts, titles = [], dict[int, str]()
    for heading in _markdown(lines, start) if is_markdown else _plain(lines):
        parts.append((tuple(titles.values()), lines[start : heading.first]))
        titles = {level: title for level, title in titles.items() if level < heading.level}
        titles[heading.level] = heading.title
        start = heading.after
    parts.append((tuple(titles.values()), lines[start:]))
    joined = [(path, "\n".join(body).strip("\n").rstrip()) for path, body in parts]
    return tuple(Part(titles=path, text=body) for path, body in joined if body.strip())


def _after_front_matter(lines: list[str]) -> int:
    """The first line after a block of settings between two `---`, which some tools put on top of a document."""
    if lines[0].rstrip() == "---":
        for i in range(1, min(len(lines), _LONGEST_FRONT_MATTER)):
            if lines[i].rstrip() == "---":
                return i + 1
    return 0


def _markdown(lines: list[str], start: int) -> Iterator[_Heading]:
    fence, body = "", start
    for i in range(start, len(lines)):
        line = lines[i].strip()
        if fence:
            # A fence is closed by one of its own mark, at least as long.
            if line.startswith(fence) and not line.strip(fence[0]):
                fence = ""
            continue
        if _indent(lines[i]) > 3:
            continue
        if line.startswith(("```", "~~~")):
            fence = line[: len(line) - len(line.lstrip(line[0]))]
            continue
        level = len(line) - len(line.lstrip("#"))
        if 1 <= level <= 6 and (line[level:] == "" or line[level] in " \t"):
            title = _without_closing_marks(line[level:].strip())
            yield _Heading(first=i, after=i + 1, level=level, title=_clean(title))
            body = i + 1
        elif len(line) > 1 and line in ("=" * len(line), "-" * len(line)) and _stands_alone(lines, i - 1, body):
            yield _Heading(first=i - 1, after=i + 1, level=1 if line[0] == "=" else 2, title=_clean(lines[i - 1]))
            body = i + 1


def _without_closing_marks(title: str) -> str:
    """`Title ##` is `Title`; `C#` stays."""
    rest = title.rstrip("#")
    return rest.strip() if not rest or rest[-1] in " \t" else title


def _stands_alone(lines: list[str], i: int, body: int) -> bool:
    """Whether line i is a paragraph of one line, which an underline makes a title; the part began at line `body`."""
    if i < body or _indent(lines[i]) > 3 or (i > body and lines[i - 1].strip()):
        return False
    line = lines[i].strip()
    return bool(line) and len(line) <= _LONGEST_TITLE and line[0] not in "-*+>|`~=#"


def _plain(lines: list[str]) -> Iterator[_Heading]:
    levels: dict[str, int] = {}
    body = 0
    for i in range(1, len(lines)):
        line, title = lines[i].rstrip(), lines[i - 1].strip()
        if len(line) < 3 or line[0] not in _UNDERLINES or line != line[0] * len(line):
            continue
        if i - 1 < body or not title or not any(letter.isalnum() for letter in title) or len(title) > _LONGEST_TITLE:
            continue
        above = lines[i - 2].rstrip() if i - 2 >= body else ""
        if above not in ("", line) or abs(len(line) - len(lines[i - 1].rstrip())) > _SLACK:
            continue
        level = levels.setdefault(line[0], len(levels) + 1)
        yield _Heading(first=i - 2 if above else i - 1, after=i + 1, level=level, title=_clean(title))
        body = i + 1


def _indent(line: str) -> int:
    """How far a line is indented; a tab counts as four."""
    return sum(4 if letter == "\t" else 1 for letter in line[: len(line) - len(line.lstrip(" \t"))])


def _clean(title: str) -> str:
    return " ".join(title.split())[:_LONGEST_TITLE]
