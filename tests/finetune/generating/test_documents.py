"""Which files become documents, and what becomes of the others."""

import os
from pathlib import Path

import pytest

from finetune.errors import SetupError
from finetune.generating.documents import MOST_BYTES, read_documents


def test_markdown_and_text_of_a_folder_are_read_by_name_and_the_rest_is_counted_by_reason(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    (folder / "inner").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / ".git" / "hidden.md").write_text("not a document")
    (folder / "b.md").write_bytes(b"\xef\xbb\xbf# B\r\ntext\r")
    (folder / "inner" / "a.TXT").write_text("text")
    (folder / "binary.txt").write_bytes(b"a\0b")
    (folder / "latin.txt").write_bytes(b"caf\xe9")
    (folder / "huge.md").write_bytes(b"a" * (MOST_BYTES + 1))
    (folder / "empty.md").write_text(" \n")
    (folder / "code.py").write_text("x = 1")
    (folder / "link.md").symlink_to("/etc/passwd")
    (folder / "new\nline.md").write_text("text")
    os.mkfifo(folder / "pipe.md")
    found = read_documents([folder])
    assert [(one.name, one.text, one.is_markdown) for one in found.read] == [
        ("docs/b.md", "# B\ntext\n", True),
        ("docs/inner/a.TXT", "text", False),
    ]
    assert found.skipped == {
        "binary": 1,
        "not UTF-8": 1,
        f"over {MOST_BYTES:,} bytes": 1,
        "empty": 1,
        "not .md or .txt": 1,
        "links or devices": 2,
        "of a name that cannot be printed": 1,
    }


def test_a_file_may_be_named_itself(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("text")
    assert [one.name for one in read_documents([tmp_path / "a.md"]).read] == ["a.md"]


def test_a_source_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"nowhere is not there"):
        read_documents([tmp_path / "nowhere"])


def test_nothing_to_read_is_an_error_that_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff")
    with pytest.raises(SetupError, match=r"no .md or .txt document to read: 1 not UTF-8"):
        read_documents([tmp_path])


def test_two_documents_of_one_name_are_an_error(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder / "docs").mkdir(parents=True)
        (tmp_path / folder / "docs" / "a.md").write_text(folder)
    with pytest.raises(SetupError, match=r"two documents are called docs/a.md"):
        read_documents([tmp_path / "one" / "docs", tmp_path / "two" / "docs"])
