"""Datasets on the hub: named, dated and read like models, and beside them."""

import hashlib

import pytest

from finetune.errors import HubUnavailable, RepositoryGone, RevisionGone
from finetune.hub import client
from finetune.hub.client import HubClient, parse_commits
from finetune.hub.port import HubFile, Revision
from tests.finetune.hub.datasets import TOKEN, dataset_hub, sha256, texts
from tests.finetune.hub.flaky import BROKEN, BUSY, FlakyHub

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

PARQUET = texts("one", "two")


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with dataset_hub(tmp_path_factory.mktemp("datasets")) as running:
        yield running


def test_a_dataset_goes_up_and_comes_down_with_its_folders(hub, tmp_path):
    repository = hub.new({"data/train.parquet": PARQUET, "README.md": b"# words"})
    reader = hub.reader()
    listing = reader.listing(repository, None)
    reader.download(listing, ["data/train.parquet"], tmp_path)
    assert (tmp_path / "data" / "train.parquet").read_bytes() == PARQUET
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_listing_names_the_bytes_of_large_files_by_sha256_and_of_small_ones_as_git_does(hub):
    listing = hub.reader().listing(hub.new({"data/train.parquet": PARQUET, "a.txt": b"x"}), None)
    assert HubFile(path="data/train.parquet", size=len(PARQUET), content=sha256(PARQUET)) in listing.files
    assert HubFile(path="a.txt", size=1, content=hashlib.sha1(b"blob 1\0x").hexdigest()) in listing.files


def test_a_model_and_a_dataset_of_one_name_are_two_repositories(hub):
    repository = hub.new({"train.parquet": PARQUET})
    models = HubClient(hub.endpoint, TOKEN)
    with pytest.raises(RepositoryGone):
        models.listing(repository, None)
    models.create(repository, private=True)
    assert "train.parquet" in {file.path for file in hub.reader().listing(repository, None).files}
    assert {file.path for file in models.listing(repository, None).files} == {".gitattributes"}


def test_a_private_dataset_does_not_exist_for_strangers(hub):
    repository = hub.new({"train.parquet": PARQUET})
    hub.ada.set_private(repository, True)
    for ask in (hub.reader().listing, lambda name, _: hub.reader().history(name, back_to=0.0)):
        with pytest.raises(RepositoryGone):
            ask(repository, None)


def test_the_history_is_dated_by_the_hubs_clock_newest_first(hub):
    repository = hub.new(time=100.0)
    first = hub.publish(repository, {"a.parquet": texts("a")}, time=200.25)
    second = hub.publish(repository, {"a.parquet": texts("b")}, time=300.0)
    history = hub.reader().history(repository, back_to=0.0)
    assert [one.time for one in history] == [300.0, 200.25, 100.0]
    assert history[:2] == (Revision(revision=second, time=300.0), Revision(revision=first, time=200.25))


@pytest.mark.parametrize("page", [1, 2, 100])
def test_the_history_ends_with_the_first_revision_older_than_asked_for(page, hub, monkeypatch):
    monkeypatch.setattr(client, "_PAGE", page)
    repository = hub.new(time=100.0)
    for time in (200.0, 300.0, 400.0):
        hub.publish(repository, {"a.parquet": texts(str(time))}, time=time)
    reader = hub.reader()
    assert [one.time for one in reader.history(repository, back_to=301.0)] == [400.0, 300.0]
    assert [one.time for one in reader.history(repository, back_to=300.0)] == [400.0, 300.0, 200.0]
    assert [one.time for one in reader.history(repository, back_to=0.0)] == [400.0, 300.0, 200.0, 100.0]


def test_a_history_without_end_is_not_read_to_its_end(hub, monkeypatch):
    monkeypatch.setattr(client, "_PAGE", 1)
    monkeypatch.setattr(client, "_MAX_PAGES", 2)
    repository = hub.new(time=100.0)
    hub.publish(repository, {"a.parquet": PARQUET}, time=200.0)
    hub.publish(repository, {"b.parquet": PARQUET}, time=300.0)
    assert len(hub.reader().history(repository, back_to=250.0)) == 2
    with pytest.raises(RevisionGone, match="none of its last 2 revisions is as old"):
        hub.reader().history(repository, back_to=150.0)


def test_a_history_that_goes_on_elsewhere_is_not_followed(hub, monkeypatch):
    """The second page would be asked for with our token."""
    monkeypatch.setattr(client, "_PAGE", 1)
    repository = hub.new({"a.parquet": PARQUET})
    with FlakyHub(hub.endpoint) as other:
        reader = hub.reader()
        answer = reader._get

        def moved(*arguments):
            response = answer(*arguments)
            response.headers["Link"] = f'<{other.endpoint}/api/datasets/x>; rel="next"'
            return response

        monkeypatch.setattr(reader, "_get", moved)
        with pytest.raises(HubUnavailable, match="goes on at another hub"):
            reader.history(repository, back_to=-1.0)
        assert other.asked == []


@pytest.mark.parametrize("fault", [BUSY, BROKEN])
def test_a_busy_hub_is_asked_for_a_history_once(fault, hub):
    repository = hub.new({"a.parquet": PARQUET})
    with FlakyHub(hub.endpoint) as flaky:
        flaky.always(fault)
        with pytest.raises(HubUnavailable, match=fault):
            hub.reader(flaky.endpoint).history(repository, back_to=0.0)
        assert len(flaky.asked) == 1


COMMIT = {"id": "1" * 40, "date": "2026-01-02T03:04:05.678Z", "authors": "x"}


def test_dates_are_unix_seconds():
    assert parse_commits([COMMIT], repository="a/b") == [Revision(revision="1" * 40, time=1767323045.678)]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        "x",
        [7],
        [{"id": "1" * 40}],
        [{**COMMIT, "id": "main"}],
        [{**COMMIT, "date": 5}],
        [{**COMMIT, "date": "yesterday"}],
        [{**COMMIT, "date": "2026-01-02T03:04:05"}],
    ],
)
def test_an_answer_that_is_no_history_is_no_answer(answer):
    with pytest.raises(HubUnavailable):
        parse_commits(answer, repository="a/b")


@pytest.mark.parametrize("query", ["limit=0", "limit=1&p=99999999", "limit=9999999"])
def test_any_page_of_commits_is_an_answer(query, hub, browser):
    repository = hub.new({"a.parquet": PARQUET})
    answer = browser.get(f"{hub.endpoint}/api/datasets/{repository}/commits/main?{query}")
    assert answer.status_code == 200
    assert len(answer.json()) <= 2


@pytest.mark.parametrize("query", ["limit=-1", "p=x", "p=9999999999", "limit="])
def test_a_page_that_cannot_be_is_refused(query, hub, browser):
    repository = hub.new({"a.parquet": PARQUET})
    assert browser.get(f"{hub.endpoint}/api/datasets/{repository}/commits/main?{query}").status_code == 400


def test_the_hub_has_models_and_datasets_and_no_other_kind(hub, browser):
    repository = hub.new({"a.parquet": PARQUET})
    assert browser.get(f"{hub.endpoint}/api/spaces/{repository}").status_code == 404
    headers = {"Authorization": f"Bearer {TOKEN}"}
    wanted = {"name": "s", "type": "space"}
    assert browser.post(f"{hub.endpoint}/api/repos/create", json=wanted, headers=headers).status_code == 400
