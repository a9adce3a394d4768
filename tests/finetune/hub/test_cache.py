import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from finetune.errors import HubUnavailable, SetupError
from finetune.hub.cache import ModelCache
from finetune.hub.digest import folder_digest, tensor_digest
from finetune.hub.port import HubFile, Listing


class FolderHub:
    """A hub that gives out folders, counts its downloads, and fails on demand."""

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}
        self.downloads = 0
        self.fails = False

    def add(self, revision: str, folder: Path, repository: str = "ada/m") -> Listing:
        self.folders[revision] = folder
        files = tuple(HubFile(path=path.name, size=path.stat().st_size) for path in sorted(folder.iterdir()))
        return Listing(repository=repository, revision=revision, private=False, files=files)

    def download(self, listing: Listing, paths: Sequence[str], into: Path) -> None:
        self.downloads += 1
        for path in paths:
            shutil.copyfile(self.folders[listing.revision] / path, into / path)
            if self.fails:
                raise HubUnavailable("broken off")


@pytest.fixture
def source():
    return FolderHub()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "cache"


def stored(root: Path) -> set[str]:
    assert list((root / "staging").iterdir()) == []
    return {path.name for path in (root / "models").iterdir()}


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_a_model_is_downloaded_once_and_lies_under_its_digest(source, root, model_folder):
    folder = model_folder(files={"README.md": b"card"})
    listing = source.add("1" * 40, folder)
    for _ in range(2):
        with ModelCache(root, 10**6) as cache:
            assert (cache.get(folder_digest(folder)) is None) == (source.downloads == 0)
            for _ in range(2):
                model = cache.fetch(source, listing, keep=())
                assert model.digest == folder_digest(folder) == folder_digest(model.folder)
                assert cache.get(model.digest) == model
                assert cache.tensor_digest(model) == tensor_digest(folder)
                assert {path.name for path in model.folder.iterdir()} == {
                    "config.json",
                    "tokenizer.json",
                    "model.safetensors",
                }
    assert source.downloads == 1
    assert stored(root) == {model.digest}


def test_the_same_content_from_two_repositories_is_stored_once(source, root, model_folder):
    with ModelCache(root, 10**6) as cache:
        first = cache.fetch(source, source.add("1" * 40, model_folder("a")), keep=())
        second = cache.fetch(source, source.add("2" * 40, model_folder("b"), "bob/m"), keep=())
        assert first == second
    assert stored(root) == {first.digest}


def test_a_download_that_breaks_off_leaves_nothing(source, root, model_folder):
    listing = source.add("1" * 40, model_folder())
    with ModelCache(root, 10**6) as cache:
        source.fails = True
        with pytest.raises(HubUnavailable):
            cache.fetch(source, listing, keep=())
        assert stored(root) == set()
        source.fails = False
        cache.fetch(source, listing, keep=())


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("harm", ["shorter", "touched", "removed", "gone", "extra"])
def test_a_content_that_was_changed_is_downloaded_again(harm, restart, source, root, model_folder):
    listing = source.add("1" * 40, model_folder())
    cache = ModelCache(root, 10**6)
    folder = cache.fetch(source, listing, keep=()).folder
    weights = folder / "model.safetensors"
    if harm == "shorter":
        os.truncate(weights, 10)
    elif harm == "touched":
        os.utime(weights, ns=(1, 1))
    elif harm == "removed":
        weights.unlink()
    elif harm == "gone":
        shutil.rmtree(folder)
    else:
        (folder / "modeling.py").write_text("")
    if restart:
        cache.close()
        cache = ModelCache(root, 10**6)
    with cache:
        model = cache.fetch(source, listing, keep=())
        assert folder_digest(model.folder) == model.digest
        assert not (model.folder / "modeling.py").exists()
    assert source.downloads == 2


def test_bits_that_rot_in_silence_are_found_after_a_restart(source, root, model_folder):
    listing = source.add("1" * 40, model_folder())
    with ModelCache(root, 10**6) as cache:
        weights = cache.fetch(source, listing, keep=()).folder / "model.safetensors"
    times = weights.stat().st_mtime_ns
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.chmod(0o644)
    weights.write_bytes(content)
    os.utime(weights, ns=(times, times))
    with ModelCache(root, 10**6) as cache:
        cache.fetch(source, listing, keep=())
    assert source.downloads == 2


def test_leftovers_of_a_killed_process_are_swept(source, root, model_folder):
    with ModelCache(root, 10**6) as cache:
        digest = cache.fetch(source, source.add("1" * 40, model_folder()), keep=()).digest
    (root / "staging" / "half").mkdir()
    (root / "staging" / "half" / "model.safetensors").write_bytes(b"x")
    (root / "models" / ("0" * 64)).mkdir()
    ModelCache(root, 10**6).close()
    assert stored(root) == {digest}


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", ["content_digests", "digest_of", "_sync", "_stamp"])
def test_a_kill_at_any_step_of_a_download_costs_no_more_than_that_download(
    step, source, root, model_folder, monkeypatch
):
    listing = source.add("1" * 40, model_folder())
    cache = ModelCache(root, 10**6)
    with monkeypatch.context() as patch:
        patch.setattr(f"finetune.hub.cache.{step}", _die)
        patch.setattr("finetune.hub.cache.shutil.rmtree", _die)
        with pytest.raises(Killed):
            cache.fetch(source, listing, keep=())
    cache.close()
    with ModelCache(root, 10**6) as cache:
        assert stored(root) == set()
        digest = cache.fetch(source, listing, keep=()).digest
        assert stored(root) == {digest}


def _die(*_: object, **__: object) -> None:
    raise Killed


@pytest.fixture
def three(source, root, model_folder):
    """A cache with room for three models of one size, holding a, b and c, of which a was used last."""
    folders = [model_folder(name, {"tokenizer.json": name.encode()}) for name in "abc"]
    cache = ModelCache(root, 3 * size_of(folders[0]))
    listings = [source.add(str(number) * 40, folder) for number, folder in enumerate(folders)]
    models = [cache.fetch(source, listing, keep=()) for listing in listings]
    cache.get(models[0].digest)
    with cache:
        yield cache, [model.digest for model in models]


def test_the_longest_unused_goes_first_and_what_is_kept_never(three, source, root, model_folder):
    cache, (a, b, _) = three
    d = cache.fetch(source, source.add("d" * 40, model_folder("d", {"tokenizer.json": b"d"})), keep={b}).digest
    assert stored(root) == {a, b, d}, "b is kept, so c goes, though it was used after b"
    cache.evict({b}, room_bytes=2 * size_of(root / "models" / a))
    assert stored(root) == {b}


def test_evicting_under_the_quota_removes_nothing(three, root):
    cache, digests = three
    cache.evict(())
    assert stored(root) == set(digests)


def test_a_download_that_cannot_fit_is_refused_before_it_begins(three, source, root, model_folder, monkeypatch):
    cache, digests = three
    listing = source.add("d" * 40, model_folder("d", {"tokenizer.json": b"d"}))
    downloads = source.downloads
    with pytest.raises(SetupError, match="raise its quota"):
        cache.fetch(source, listing, keep=digests)
    monkeypatch.setattr("finetune.hub.cache._SPARE_BYTES", 1 << 60)
    with pytest.raises(SetupError, match=r"has .* free"):
        cache.fetch(source, listing, keep=())
    assert source.downloads == downloads


def test_a_cache_in_use_or_nowhere_is_one_clear_sentence(root, tmp_path):
    with ModelCache(root, 1), pytest.raises(SetupError, match="cannot be opened"):
        ModelCache(root, 1)
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be kept"):
        ModelCache(tmp_path / "file", 1)
