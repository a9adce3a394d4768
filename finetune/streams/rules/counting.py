"""What a word, a sentence and a paragraph are, for every rule that counts or looks for them.

Replies are hostile and may be long: everything here takes time linear in the reply. So no regular expression is
searched for that could fail late and begin again at the next character.

- A word is a stretch without white space that has a letter or a digit: "don't", "well-known" and "3.5" are one each,
  as in a word processor; "***" and "-" are none.
- A sentence has a word and ends with a full stop, question mark or exclamation mark before white space. Headings,
  titles and list items without such a mark are none. "Dr.", "U.S.", an initial, the number of a list item and "..." end
  one only where the line ends too.
- A paragraph is a stretch of lines without a blank one between them, with a word in it.
"""

import re
from string import whitespace

OPENING_QUOTES = '"\u201c'
CLOSING_QUOTES = '"\u201d'

_MARKS = ".!?\u2026"
_BEFORE_A_WORD = "(['*_\u2018" + OPENING_QUOTES
_AFTER_A_MARK = ")]'*_\u2019" + CLOSING_QUOTES
_ABBREVIATIONS = frozenset(["dr", "fig", "jr", "mr", "mrs", "ms", "mt", "prof", "sr", "st", "vs"])
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")  # e.g, U.S, P.S: the last full stop is taken off
_LIST_NUMBER = re.compile(r"\(?[0-9]{1,3}[.)]")
_RUN = re.compile(r"[^\W_]+")


def has_word(text: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return any(map(str.isalnum, text))


def words(text: str) -> list[str]:
    """The words as they stand, with the punctuation that touches them."""
    return [stretch for stretch in text.split() if has_word(stretch)]


def bare_words(text: str) -> list[str]:
    """Every run of letters and digits, in small letters: what a word is looked for among.

    So "art" is not found in "start", but is in "Art!", "art's" and "state-of-the-art".
    """
    return _RUN.findall(text.lower())


def count_sentences(text: str) -> int:
    """The number of sentences."""
    count = 0
    begun = False
    for line in text.splitlines():
        stretches = line.split()
        for i, stretch in enumerate(stretches):
            if i == 0 and _LIST_NUMBER.fullmatch(stretch):
                continue
            begun = begun or has_word(stretch)
            if begun and _ends_sentence(stretch, ends_line=i == len(stretches) - 1):
                count += 1
                begun = False
    return count


def _ends_sentence(stretch: str, *, ends_line: bool) -> bool:
    marked = stretch.rstrip(_AFTER_A_MARK)
    stem = marked.rstrip(_MARKS)
    marks = marked[len(stem) :]
    if not marks or ends_line or "!" in marks or "?" in marks:
        return bool(marks)
    if marks != ".":  # an ellipsis
        return False
    stem = stem.lstrip(_BEFORE_A_WORD)
    initial = len(stem) == 1 and stem.isupper() and stem != "I"
    return not initial and stem.lower() not in _ABBREVIATIONS and not _DOTTED.fullmatch(stem)


def paragraphs(text: str) -> list[str]:
    """The paragraphs, parted by blank lines."""
    return parts(text, "")


def parts(text: str, divider: str) -> list[str]:
    """The stretches with a word in them between lines that are `divider` and nothing else."""
    found: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.strip() == divider:
            found.append([])
        else:
            found[-1].append(line)
    return [part for part in map("\n".join, found) if has_word(part)]


def bare_line(line: str) -> str:
    """A line without the Markdown and the quotation marks around it: "SECTION 1" of "## **SECTION 1**"."""
    return line.strip("#*_" + OPENING_QUOTES + CLOSING_QUOTES + whitespace)
