"""Text lines: the documents of one pinned file, drawn independently."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from finetune.errors import SetupError
from finetune.streams.text_lines import TextLines, open_text_lines

TEXTS = ("one two three", "Été à Paris " * 10, "x" * 300)


def seed(i: int) -> bytes:
    return hashlib.sha256(str(i).encode()).digest()


def write(path: Path, data: bytes) -> dict[str, str]:
    path.write_bytes(data)
    return {"path": str(path), "sha256": hashlib.sha256(data).hexdigest()}


def stream(path: Path, max_bytes: int = 1024) -> TextLines:
    lines = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS)
    return open_text_lines(**write(path / "texts.jsonl", lines.encode()), max_bytes=max_bytes)


def test_a_draw_is_plain_text_of_one_document(tmp_path: Path):
    sample = stream(tmp_path).draw(seed(1))
    assert sample.messages == ()
    assert sample.reference in {text.strip() for text in TEXTS}


def test_documents_are_drawn_equally_often_and_named_apart(tmp_path: Path):
    source = stream(tmp_path)
    counts = Counter(source.draw(seed(i)).document for i in range(600))
    assert len(counts) == 3
    assert all(150 < count < 250 for count in counts.values())


def test_the_draws_of_a_file_never_change(tmp_path: Path):
    source = stream(tmp_path)
    drawn = [source.texts.index(source.draw(seed(i)).reference) for i in range(12)]
    assert drawn == [2, 1, 2, 2, 2, 0, 1, 0, 0, 2, 2, 2]


def test_a_long_text_is_cut_after_a_word(tmp_path: Path):
    source = stream(tmp_path, max_bytes=20)
    samples = {source.draw(seed(i)).reference for i in range(30)}
    assert samples == {"one two three", "Été à Paris Été", "x" * 20}


def test_a_cut_at_the_end_of_a_word_keeps_the_word():
    text = "abcdefgh ijklmno pqr"
    assert TextLines(texts=(text,), max_bytes=16).draw(seed(1)).reference == "abcdefgh ijklmno"
    assert TextLines(texts=(text,), max_bytes=17).draw(seed(1)).reference == "abcdefgh ijklmno"
    assert TextLines(texts=(text,), max_bytes=18).draw(seed(1)).reference == "abcdefgh ijklmno"


def test_a_cut_inside_a_character_drops_the_character():
    assert TextLines(texts=("é" * 20,), max_bytes=17).draw(seed(1)).reference == "é" * 8


def test_a_file_with_another_digest_is_refused(tmp_path: Path):
    options = write(tmp_path / "texts.jsonl", b'{"text": "a"}\n')
    (tmp_path / "texts.jsonl").write_bytes(b'{"text": "b"}\n')
    with pytest.raises(SetupError, match=f"the option sha256 says '{options['sha256']}'"):
        open_text_lines(**options)


def test_a_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(SetupError, match=r"cannot read .*none\.jsonl"):
        open_text_lines(path=str(tmp_path / "none.jsonl"), sha256="0" * 64)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"plain words", "line 2 is not"),
        (b'["text"]', "line 2 is not"),
        (b'{"texts": "a"}', "line 2 is not"),
        (b'{"text": 5}', "line 2 is not"),
        (b'{"text": "\\ud800"}', "line 2 is not"),
        (b'{"text": "\xff"}', "line 2 is not"),
        (b"[" * 100_000, "line 2 is not"),
        (b"", "line 2 is not"),
        (b'{"text": " \\n "}', "line 2 has an empty text"),
    ],
)
def test_a_line_that_is_no_text_is_refused_with_its_number(tmp_path: Path, line: bytes, said: str):
    with pytest.raises(SetupError, match=said):
        open_text_lines(**write(tmp_path / "texts.jsonl", b'{"text": "a"}\n' + line + b"\n"))


def test_an_empty_file_is_refused(tmp_path: Path):
    with pytest.raises(SetupError, match="has no lines"):
        open_text_lines(**write(tmp_path / "texts.jsonl", b""))
