"""Which kinds of rules one reply could not keep, or could not be clearly told to keep, at the same time."""

from finetune.streams.rules.ends import EndPhrase, Postscript, Quotation, StartPhrase, Title
from finetune.streams.rules.keywords import ForbiddenWords, KeywordFrequency, KeywordsExistence, LetterFrequency
from finetune.streams.rules.layout import MultipleSections, NumberBullets
from finetune.streams.rules.length import NumberSentences
from finetune.streams.rules.letter_case import CapitalWords, Lowercase, Uppercase
from finetune.streams.rules.paragraphs import NthParagraphFirstWord, NumberParagraphs
from finetune.streams.rules.rule import Rule
from finetune.streams.rules.whole import ConstrainedResponse, JsonFormat, TwoResponses

Kinds = frozenset[type[Rule]]


def _kinds(*kinds: type[Rule]) -> Kinds:
    return frozenset(kinds)


_BEGINNING = _kinds(StartPhrase, Title, Quotation, NthParagraphFirstWord, TwoResponses)
_END = _kinds(EndPhrase, Postscript, Quotation, TwoResponses)
_PARTS = _kinds(NumberParagraphs, NthParagraphFirstWord, MultipleSections, TwoResponses)
_PARAGRAPHS = _kinds(NumberParagraphs, NthParagraphFirstWord)

# Every kind on the left is at odds with every other kind on the right.
CONFLICTS: tuple[tuple[Kinds, Kinds], ...] = (
    # Only one rule can settle what a reply begins with, ends with, or is parted into.
    (_BEGINNING, _BEGINNING),
    (_END, _END),
    (_PARTS, _PARTS),
    # A title, a postscript or a list may or may not be a paragraph of its own.
    (_PARAGRAPHS, _kinds(Title, Postscript, NumberBullets)),
    # Few sentences may be too few for many parts.
    (_kinds(NumberSentences), _PARAGRAPHS | _kinds(MultipleSections)),
    # What must be written in capitals, or just as it is given.
    (_kinds(Lowercase), _kinds(Uppercase, CapitalWords, Postscript, MultipleSections, StartPhrase, EndPhrase)),
    (_kinds(Uppercase), _kinds(CapitalWords, StartPhrase, EndPhrase)),
    # Is "P.S." a word in capitals? "SECTION" is one, and may be one too many.
    (_kinds(CapitalWords), _kinds(Postscript, MultipleSections)),
    # A word to be repeated may have too many of a letter.
    (_kinds(LetterFrequency), _kinds(KeywordFrequency)),
)
# What a JSON object can be told besides; one of a few fixed answers can be told nothing.
WITH_JSON = _kinds(KeywordsExistence, KeywordFrequency, ForbiddenWords, LetterFrequency, Lowercase)


def at_odds(one: type[Rule], other: type[Rule]) -> bool:
    """Whether no sample may have rules of both kinds. A kind is at odds with itself."""
    pair = {one, other}
    if len(pair) == 1 or ConstrainedResponse in pair:
        return True
    if JsonFormat in pair:
        return not pair - {JsonFormat} <= WITH_JSON
    return any((one in a and other in b) or (other in a and one in b) for a, b in CONFLICTS)
