"""What a word, a sentence and a paragraph are: as a reader would count them."""

import pytest

from finetune.streams.rules.counting import bare_line, bare_words, count_sentences, has_word, paragraphs, parts, words


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("one two\tthree\nfour", 4),
        ("don't", 1),
        ("a well-known 3.5", 3),
        ("* one - *** two #", 2),
        ("*bold* [name] (so)", 3),
        ("Ärger 東京 7", 3),
    ],
)
def test_a_word_has_a_letter_or_a_digit_and_white_space_around_it(text: str, count: int):
    assert len(words(text)) == count
    assert has_word(text) == (count > 0)


def test_a_word_is_looked_for_without_its_punctuation_and_its_capitals():
    assert bare_words("Art! *START* art's state-of-the-art _art_") == (
        ["art", "start", "art", "s", "state", "of", "the", "art", "art"]
    )


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("One", 0),
        ("One.", 1),
        ("One. Two! Three? Four.", 4),
        ("what?! no!!! so. i say.", 4),
        ("One...", 1),
        ("Well... yes. Well\u2026 no.", 2),
        ("... !!! ?", 0),
        ("It costs 3.50 at www.example.com today.", 1),
        ('He said "No." She left.', 2),
        ("*One.* **Two.** (Three.) [Four.] \u201cFive.\u201d", 5),
        ("Dr. Li met Mr. Bo vs. Mrs. Ba.", 1),
        ("Fruit, e.g. plums, from the U.S. and the U.K. is good.", 1),
        ("Fruit (e.g. plums) is good.", 1),
        ("J. K. Smith wrote it.", 1),
        ("So do I. So do you.", 2),
        ("I met the Dr.\nHe left.", 2),
        ("1. One\n2. Two\n(3) Three.", 1),
        ("1. One.\n2. Two.", 2),
        ("There were 12. Then 13.", 2),
        ("# Title\n\nOne is here\nand goes on. Two.", 2),
        ("P.S. One more.", 1),
        ("* item\n* item\n* item", 0),
    ],
)
def test_a_sentence_has_a_word_and_ends_with_a_mark(text: str, count: int):
    assert count_sentences(text) == count


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("one", ["one"]),
        ("one\ntwo\n\nthree", ["one\ntwo", "three"]),
        ("\n\n one\r\n \t\r\n\r\ntwo \n\n", [" one", "two "]),
        ("one\n\n***\n\n---\n\ntwo", ["one", "two"]),
    ],
)
def test_a_paragraph_has_a_word_and_blank_lines_around_it(text: str, found: list[str]):
    assert paragraphs(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("one\n***\ntwo", ["one", "two"]),
        ("one\n\n*** \n\ntwo\n***\n***\n!\n***\n", ["one\n", "\ntwo"]),
        ("one *** two", ["one *** two"]),
        ("one\n****\ntwo", ["one\n****\ntwo"]),
    ],
)
def test_parts_stand_between_lines_that_are_the_divider_alone(text: str, found: list[str]):
    assert parts(text, "***") == found


@pytest.mark.parametrize("line", ["STEP 1", "## STEP 1", " **STEP 1** \r", '"__STEP 1__', "\u201cSTEP 1\u201d"])
def test_a_bare_line_has_no_marks_around_it(line: str):
    assert bare_line(line) == "STEP 1"
