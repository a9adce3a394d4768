"""English text: documents of verses that belong together, in two halves that share nothing."""

from finetune.mining.text import DOCUMENT_BYTES, documents, split


def verses(book: str, chapter: int, count: int) -> list[dict[str, object]]:
    place = {"book": book, "chapter": chapter}
    return [place | {"text": f"{book} {chapter} verse {i}. " + "word " * 22} for i in range(count)]


def test_a_document_ends_with_the_verse_that_fills_it():
    found = list(documents(verses("Ruth", 1, 9)))
    assert len(found) == 2
    assert all(DOCUMENT_BYTES <= len(text) < DOCUMENT_BYTES + 128 for text in found)
    assert [text.count("verse") for text in found] == [4, 4]
    assert found[1].startswith("Ruth 1 verse 4.")


def test_no_document_spans_two_chapters():
    found = list(documents(verses("Ruth", 1, 6) + verses("Ruth", 2, 6) + verses("Amos", 2, 6)))
    assert [text[:6] for text in found] == ["Ruth 1", "Ruth 2", "Amos 2"]
    assert all("verse 4" not in text for text in found)


def test_each_text_is_in_one_half_once_whatever_the_order():
    texts = [f"text {i}" for i in range(200)]
    halves = split(texts + texts[:50])
    assert sorted(halves["training"] + halves["hidden"]) == sorted(texts)
    assert 70 < len(halves["training"]) < 130
    assert {half: set(found) for half, found in split(texts[::-1]).items()} == {
        half: set(found) for half, found in halves.items()
    }
