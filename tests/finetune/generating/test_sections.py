"""Where documents are cut: at headings, and between paragraphs where that is not enough."""

import pytest

from finetune.generating.documents import Document
from finetune.generating.headings import split_at_headings
from finetune.generating.sections import cut_sections


def split(text: str, *, is_markdown: bool = True) -> list[tuple[tuple[str, ...], str]]:
    return [(part.titles, part.text) for part in split_at_headings(text, is_markdown=is_markdown)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("just text", [((), "just text")]),
        ("before\n# A\none\n## B\ntwo\n# C\n3", [((), "before"), (("A",), "one"), (("A", "B"), "two"), (("C",), "3")]),
        ("# A\n### deep\none\n## B\ntwo", [(("A", "deep"), "one"), (("A", "B"), "two")]),
        ("# A ##\none\n## C#\ntwo", [(("A",), "one"), (("A", "C#"), "two")]),
        ("#hashtag\n####### seven\n    # code", [((), "#hashtag\n####### seven\n    # code")]),
        ("#\none", [(("",), "one")]),
        ("A\n===\none\n\nB\n---\ntwo", [(("A",), "one"), (("A", "B"), "two")]),
        ("one\ntwo\n---\nthree", [((), "one\ntwo\n---\nthree")]),
        ("- item\n---\nrest", [((), "- item\n---\nrest")]),
        ("# A\n---\none", [(("A",), "---\none")]),
        ("# A\n```\n# code\n~~~\n# more\n```\n# B\none", [(("A",), "```\n# code\n~~~\n# more\n```"), (("B",), "one")]),
        ("~~~~ py\n# x\n~~~\n# x\n~~~~\n# A\none", [((), "~~~~ py\n# x\n~~~\n# x\n~~~~"), (("A",), "one")]),
        ("```\n``` text\n# x\n```\n# A\none", [((), "```\n``` text\n# x\n```"), (("A",), "one")]),
        ("```\n# never closed", [((), "```\n# never closed")]),
        ("---\ntitle: x\n# no\n---\n# A\none", [(("A",), "one")]),
        ("# A  with\t spaces\n\n\n  one\n\n", [(("A with spaces",), "  one")]),
        ("# only a title", []),
    ],
)  # fmt: skip
def test_markdown_is_split_at_headings_outside_code(text, parts):
    assert split(text) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("A\n===\none\n\nB\n---\ntwo\n\nC\n===\nthree", [(("A",), "one"), (("A", "B"), "two"), (("C",), "three")]),
        ("A\n---\none\n\nB\n~~~\ntwo", [(("A",), "one"), (("A", "B"), "two")]),
        ("=====\nTitle\n=====\none", [(("Title",), "one")]),
        ("# a comment\none", [((), "# a comment\none")]),
        ("one sentence of text.\n---\ntwo", [((), "one sentence of text.\n---\ntwo")]),
        ("one\ntwo\n---\nthree", [((), "one\ntwo\n---\nthree")]),
        ("one\n\n-----\n\ntwo", [((), "one\n\n-----\n\ntwo")]),
        ("***\n***\none", [((), "***\n***\none")]),
    ],
)
def test_plain_text_is_split_at_underlined_titles_in_order_of_appearance(text, parts):
    assert split(text, is_markdown=False) == parts


def test_no_input_is_slow():
    for hostile in (
        "#" * 3 * 10**5,
        "# " + " \t" * 3 * 10**5,
        "a\n" * 3 * 10**5,
        ("-" * 3 * 10**5 + "\n") * 2,
        "`" * 3 * 10**5,
    ):
        split(hostile)
        split(hostile, is_markdown=False)


def document(text: str, name: str = "a.md") -> Document:
    return Document(name=name, text=text, is_markdown=True)


def pieces(text: str, *, most: int = 20) -> list[str]:
    return [one.text for one in cut_sections([document(text)], least=1, most=most).cut]


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("a" * 20, ["a" * 20]),
        ("one two\n\nthree four\n\nfive", ["one two\n\nthree four", "five"]),
        ("one two three\nfour five six\nseven", ["one two three", "four five six\nseven"]),
        ("one two three four five six seven", ["one two three four", "five six seven"]),
        ("a" * 20 + "b" * 20 + "c" * 5, ["a" * 20, "b" * 20, "c" * 5]),
        ("\u20ac" * 9, ["\u20ac" * 6, "\u20ac" * 3]),
    ],
)
def test_what_is_too_long_is_cut_between_paragraphs_else_lines_else_words(text, texts):
    assert pieces(text) == texts
    assert all(len(one.encode()) <= 20 for one in texts)


def test_nothing_of_a_long_text_is_lost():
    text = "\n\n".join("\n".join(f"word{i}-{j} " * (j % 7) for j in range(1, 12)) for i in range(40))
    assert " ".join(pieces(text, most=100)).split() == text.split()


def test_sections_carry_their_titles_and_what_is_left_out_is_counted():
    long = "word " * 60
    texts = f"# A\n\n## B\n\n{long}\n\n## C\n\nshort\n\n## D\n\n{long}\n\n## E\n\n{long} <|im_start|>"
    found = cut_sections([document(texts)])
    assert [(one.document, one.title) for one in found.cut] == [("a.md", "A > B")]
    assert found.skipped == {"under 200 bytes": 1, "seen before": 1, "with template tokens": 1}
