"""The dataset cache: downloaded once, whole or not at all, and never over the quota."""

import os
from dataclasses import replace

import pytest

from finetune.errors import BadDownload, HubUnavailable, SetupError
from finetune.hub.dataset_cache import DatasetCache
from tests.finetune.hub.datasets import dataset_hub
from tests.finetune.hub.flaky import BROKEN, CUT, FLIPPED, FlakyHub

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

CONTENTS = {f"{name}.parquet": name.encode() * 1000 for name in "abcd"}
SIZE = 1000


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with dataset_hub(tmp_path_factory.mktemp("datasets")) as running:
        yield running


@pytest.fixture(scope="module")
def repository(hub):
    """Four files of 1,000 bytes, and a small one."""
    return hub.new({**CONTENTS, "small.txt": b"x"})


@pytest.fixture
def flaky(hub):
    with FlakyHub(hub.endpoint) as running:
        yield running


@pytest.fixture
def datasets(hub, flaky):
    return hub.reader(flaky.endpoint)


@pytest.fixture
def listing(hub, repository):
    return hub.reader().listing(repository, None)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "cache"


def named(listing, *names):
    by_path = {file.path: file for file in listing.files}
    return [by_path[f"{name}.parquet"] for name in names]


def stored(root):
    return {path.read_bytes()[:1].decode() for path in (root / "files").iterdir()}


def test_what_was_fetched_is_not_asked_for_again_not_even_by_the_next_process(datasets, listing, root, flaky):
    with DatasetCache(root, 10**6) as cache:
        paths = cache.fetch(datasets, listing, named(listing, "b", "a"), round_time=1.0)
        assert [path.read_bytes()[:1] for path in paths] == [b"b", b"a"]
    flaky.asked.clear()
    with DatasetCache(root, 10**6) as cache:
        assert cache.fetch(datasets, listing, named(listing, "b", "a"), round_time=2.0) == paths
    assert flaky.asked == []


def test_a_small_file_is_checked_by_gits_own_digest(datasets, listing, root):
    (small,) = (file for file in listing.files if file.path == "small.txt")
    with DatasetCache(root, 10**6) as cache:
        assert cache.fetch(datasets, listing, [small], round_time=1.0)[0].read_bytes() == b"x"
        with pytest.raises(BadDownload, match="other bytes"):
            cache.fetch(datasets, listing, [replace(small, content="0" * 40)], round_time=1.0)


def test_a_revision_is_listed_once(datasets, repository, listing, root, flaky):
    for _ in range(2):
        with DatasetCache(root, 10**6) as cache:
            assert cache.listing(datasets, repository, listing.revision) == listing
    assert len(flaky.asked) == 1
    for path in (root / "listings").iterdir():
        path.write_text('{"files": [7]}')
    with DatasetCache(root, 10**6) as cache:
        assert cache.listing(datasets, repository, listing.revision) == listing


def test_only_the_newest_listings_are_kept(datasets, repository, listing, root, monkeypatch):
    monkeypatch.setattr("finetune.hub.dataset_cache._LISTINGS", 2)
    with DatasetCache(root, 10**6) as cache:
        for number in range(4):
            os.utime(cache._root)
            (cache._listings / str(number)).write_text("")
        cache.listing(datasets, repository, listing.revision)
        assert len(list(cache._listings.iterdir())) == 2


def test_bytes_that_are_not_those_listed_are_refused_and_nothing_of_them_stays(datasets, listing, root, flaky):
    flaky.once(FLIPPED, "GET", "a.parquet")
    with DatasetCache(root, 10**6) as cache:
        with pytest.raises(BadDownload, match=r"a\.parquet holds other bytes than those listed"):
            cache.fetch(datasets, listing, named(listing, "a"), round_time=1.0)
        assert stored(root) == set()
        assert list((root / "staging").iterdir()) == []
        cache.fetch(datasets, listing, named(listing, "a"), round_time=1.0)
        assert stored(root) == {"a"}


def test_a_download_that_breaks_off_goes_on_where_it_broke(datasets, listing, root, flaky, monkeypatch):
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 100)
    flaky.once(CUT, "GET", "a.parquet")
    with DatasetCache(root, 10**6) as cache:
        (path,) = cache.fetch(datasets, listing, named(listing, "a"), round_time=1.0)
    assert path.read_bytes() == CONTENTS["a.parquet"]
    assert flaky.ranges == ["bytes=500-"]


def test_a_fetch_that_fails_keeps_the_files_before_and_goes_on_with_the_rest(datasets, listing, root, flaky):
    flaky.once(BROKEN, "GET", "b.parquet")
    with DatasetCache(root, 10**6) as cache:
        with pytest.raises(HubUnavailable):
            cache.fetch(datasets, listing, named(listing, "a", "b"), round_time=1.0)
        flaky.asked.clear()
        cache.fetch(datasets, listing, named(listing, "a", "b"), round_time=1.0)
    assert {path.rpartition("/")[2] for _, path in flaky.asked} == {"b.parquet"}


def test_a_file_that_lost_bytes_on_the_disk_is_fetched_again(datasets, listing, root):
    with DatasetCache(root, 10**6) as cache:
        (path,) = cache.fetch(datasets, listing, named(listing, "a"), round_time=1.0)
        path.chmod(0o644)
        path.write_bytes(b"a")
        assert cache.fetch(datasets, listing, named(listing, "a"), round_time=1.0)[0].stat().st_size == SIZE


def test_the_longest_unused_goes_first_and_what_the_round_needs_stays(datasets, listing, root):
    with DatasetCache(root, 3 * SIZE) as cache:
        for time, names in enumerate(("a", "b", "c", "a")):
            cache.fetch(datasets, listing, named(listing, *names), round_time=time)
        cache.fetch(datasets, listing, named(listing, "d"), round_time=9.0)
        assert stored(root) == {"a", "c", "d"}
    with DatasetCache(root, 3 * SIZE) as cache:
        cache.fetch(datasets, listing, named(listing, "c"), round_time=10.0)
        cache.fetch(datasets, listing, named(listing, "a"), round_time=10.0)
        cache.fetch(datasets, listing, named(listing, "b"), round_time=10.0)
        assert stored(root) == {"a", "b", "c"}


def test_what_is_wanted_now_is_not_removed_to_make_room_for_the_rest(datasets, listing, root, flaky):
    with DatasetCache(root, 3 * SIZE) as cache:
        for time, name in enumerate("abc"):
            cache.fetch(datasets, listing, named(listing, name), round_time=time)
        flaky.asked.clear()
        cache.fetch(datasets, listing, named(listing, "d", "a"), round_time=9.0)
        assert stored(root) == {"a", "c", "d"}
        assert {path.rpartition("/")[2] for _, path in flaky.asked} == {"d.parquet"}


def test_a_round_that_cannot_fit_is_refused_before_anything_is_downloaded(datasets, listing, root, flaky, monkeypatch):
    with DatasetCache(root, 3 * SIZE) as cache:
        with pytest.raises(SetupError, match=r"4 files of 4,000 bytes .* may hold 3,000: name fewer files"):
            cache.fetch(datasets, listing, named(listing, *"abcd"), round_time=1.0)
        cache.fetch(datasets, listing, named(listing, "a", "b"), round_time=1.0)
        flaky.asked.clear()
        with pytest.raises(SetupError, match=r"2 files of 2,000 bytes .* the round needs 4,000"):
            cache.fetch(datasets, listing, named(listing, "c", "d"), round_time=1.0)
        assert stored(root) == {"a", "b"}
        monkeypatch.setattr("finetune.hub.dataset_cache._SPARE_BYTES", 1 << 60)
        with pytest.raises(SetupError, match=r"1,000 bytes are to be downloaded .* has .* free"):
            cache.fetch(datasets, listing, named(listing, "c"), round_time=1.0)
    assert flaky.asked == []


@pytest.mark.parametrize("path", ["../a.parquet", "/a.parquet", "a//b", "a\\b", "a\nb", ".cache/a", "", "x" * 513])
def test_a_path_that_could_leave_a_folder_is_refused(path, datasets, listing, root):
    with DatasetCache(root, 10**6) as cache, pytest.raises(BadDownload, match="no plain path"):
        cache.fetch(datasets, listing, [replace(named(listing, "a")[0], path=path)], round_time=1.0)


def test_a_file_of_which_the_hub_names_no_digest_is_refused(datasets, listing, root):
    with DatasetCache(root, 10**6) as cache, pytest.raises(BadDownload, match="names no digest"):
        cache.fetch(datasets, listing, [replace(named(listing, "a")[0], content="")], round_time=1.0)


def test_what_a_killed_process_left_is_swept(root):
    DatasetCache(root, 1).close()
    (root / "staging" / "half").mkdir()
    with DatasetCache(root, 1):
        assert list((root / "staging").iterdir()) == []


def test_a_cache_in_use_or_nowhere_is_one_clear_sentence(root, tmp_path):
    with DatasetCache(root, 1), pytest.raises(SetupError, match="another process uses the dataset cache"):
        DatasetCache(root, 1)
    DatasetCache(root, 1).close()
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be used"):
        DatasetCache(tmp_path / "file", 1)
