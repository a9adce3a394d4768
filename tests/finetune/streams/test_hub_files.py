"""Which files a round draws from: what was published in time, what is fresh, and no more than a task names."""

import pytest

from finetune.errors import HubUnavailable, RepositoryGone, RevisionGone, SetupError, StreamError
from finetune.streams.hub_files import Dataset, fetch_files
from tests.finetune.hub.datasets import texts
from tests.finetune.hub.flaky import BROKEN, FlakyHub
from tests.finetune.streams.remote import ROUND

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

A, B, C, D = (texts(letter) for letter in "abcd")


def dataset(repository, **options):
    given = {"files": "*.parquet", "revision": "", "fresh": False} | options
    return Dataset(stream="hub_text", repository=repository, **given)


def names(machine, *arguments, **options):
    """The paths that a round draws from, in their order, and whether the bytes are the right ones."""
    found = fetch_files(dataset(*arguments, **options), ROUND, machine.sources)
    return [file.name.split("/", 2)[2] for file in found]


@pytest.fixture
def grown(hub):
    """A dataset that had a, then a and b, then also c after the round's end."""
    repository = hub.new({"a.parquet": A}, time=500.0)
    revision = hub.publish(repository, {"b.parquet": B, "a.parquet": A, "README.md": b"x"}, time=1500.0)
    hub.publish(repository, {"c.parquet": C, "b.parquet": B, "a.parquet": A}, time=2000.0)
    return repository, revision


def test_the_last_revision_before_the_windows_end_counts_and_none_after_it(grown, new_machine):
    assert names(new_machine(), grown[0]) == ["a.parquet", "b.parquet"]


def test_every_file_is_the_one_of_that_revision(hub, new_machine):
    repository = hub.new({"a.parquet": A}, time=1500.0)
    hub.publish(repository, {"a.parquet": B}, time=2500.0)
    (file,) = fetch_files(dataset(repository), ROUND, new_machine().sources)
    assert file.path.read_bytes() == A


def test_only_files_that_came_after_the_windows_start_are_fresh(grown, new_machine):
    assert names(new_machine(), grown[0], fresh=True) == ["b.parquet"]


def test_a_file_of_new_content_is_fresh_and_a_renamed_or_copied_one_is_not(hub, new_machine):
    repository = hub.new({"a.parquet": A, "b.parquet": B}, time=999.0)
    hub.publish(repository, {"a.parquet": C, "moved.parquet": B, "copy.parquet": A, "new.parquet": D}, time=1000.0)
    assert names(new_machine(), repository, fresh=True) == ["a.parquet", "new.parquet"]


def test_all_of_a_dataset_that_is_younger_than_the_window_is_fresh(hub, new_machine):
    repository = hub.new({"a.parquet": A}, time=1200.0)
    assert names(new_machine(), repository, fresh=True) == ["a.parquet"]


def test_without_a_fresh_file_or_a_revision_in_time_there_is_nothing_to_draw_from(hub, new_machine):
    with pytest.raises(StreamError, match=r"has no new file that matches '\*\.parquet'"):
        names(new_machine(), hub.new({"a.parquet": A}, time=500.0), fresh=True)
    with pytest.raises(StreamError, match="had no revision before the sync block's time"):
        names(new_machine(), hub.new({"a.parquet": A}, time=2000.0))


def test_a_named_revision_counts_whatever_the_window(hub, grown, new_machine):
    repository = hub.new(time=3000.0)
    revision = hub.publish(repository, {"a.parquet": A}, time=3000.0)
    hub.publish(repository, {"b.parquet": B}, time=3001.0)
    assert names(new_machine(), repository, revision=revision) == ["a.parquet"]
    with pytest.raises(RevisionGone):
        names(new_machine(), repository, revision="0" * 40)
    with pytest.raises(RepositoryGone):
        names(new_machine(), "ada/none", revision=revision)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.parquet", ["data/x-1.parquet", "data/x-2.parquet", "test.parquet"]),
        ("data/*", ["data/x-1.parquet", "data/x-2.parquet"]),
        ("*-2.parquet", ["data/x-2.parquet"]),
        ("DATA/*", None),
    ],
)
def test_the_pattern_says_which_files_count_by_path(pattern, expected, hub, new_machine):
    files = {"test.parquet": A, "data/x-2.parquet": B, "data/x-1.parquet": C, "notes.txt": b"x"}
    repository = hub.new(files, time=1500.0)
    if expected is None:
        with pytest.raises(StreamError, match="has no file that matches 'DATA/"):
            names(new_machine(), repository, files=pattern)
    else:
        assert names(new_machine(), repository, files=pattern) == expected


def test_two_files_of_the_same_bytes_count_once(hub, new_machine):
    assert names(new_machine(), hub.new({"b.parquet": A, "a.parquet": A}, time=1500.0)) == ["a.parquet"]


def test_more_than_the_quota_is_refused_with_what_to_do(hub, new_machine):
    repository = hub.new({"a.parquet": A, "b.parquet": B}, time=1500.0)
    with pytest.raises(SetupError, match=r"2 files of .* name fewer files in the task's option files"):
        names(new_machine(quota=len(A)), repository)
    assert names(new_machine(quota=len(A)), repository, files="a*") == ["a.parquet"]


def test_a_person_is_told_what_is_drawn_from(grown, new_machine):
    machine = new_machine()
    names(machine, grown[0])
    expected = f"stream hub_text: {grown[0]} at {grown[1][:12]}, 2 files of {len(A) + len(B):,} bytes"
    assert machine.said == [expected]


def test_the_cache_serves_a_named_revision_while_the_hub_is_down_and_never_the_newest_one(grown, hub, new_machine):
    repository, revision = grown
    with FlakyHub(hub.endpoint) as flaky:
        machine = new_machine(hub.reader(flaky.endpoint))
        assert names(machine, repository, revision=revision) == names(machine, repository)
        flaky.always(BROKEN)
        flaky.asked.clear()
        assert names(machine, repository, revision=revision) == ["a.parquet", "b.parquet"]
        assert flaky.asked == []
        with pytest.raises(HubUnavailable):
            names(machine, repository)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"repository": "words"}, "repository must be namespace/name; found 'words'"),
        ({"repository": "../x"}, "repository must be"),
        ({"repository": 5}, "repository must be"),
        ({"files": ""}, "files must be a pattern"),
        ({"files": ["a"]}, "files must be a pattern"),
        ({"revision": "main"}, "revision must be 40 lowercase hex digits; found 'main'"),
        ({"revision": None}, "revision must be"),
        ({"fresh": "yes"}, "fresh must be true or false; found 'yes'"),
        ({"signer": "ada"}, "signer must be the ss58 address of a hotkey; found 'ada'"),
        ({"signer": None}, "signer must be the ss58 address"),
        ({"signer": ["5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"]}, "signer must be the ss58 address"),
        ({"fresh": True, "revision": "0" * 40}, "fresh must be false where a revision is named"),
    ],
)
def test_an_option_that_cannot_be_is_refused_with_what_is_allowed(options, said):
    with pytest.raises(SetupError, match=f"stream hub_text: {said}"):
        dataset(**{"repository": "ada/d"} | options)
