"""Publications: one dated, signed file more in a dataset repository, which validators' streams read."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from bittensor.sp_core import Keypair

from finetune.errors import HubUnavailable, SetupError
from finetune.generating.harvest import rows_bytes
from finetune.generating.kinds import KINDS
from finetune.generating.publication import find_publication, make_publication
from finetune.generating.publish import publish, published_in
from finetune.hub.client import HubClient
from finetune.hub.dataset_cache import DatasetCache
from finetune.hub.server import LocalHub
from finetune.signing import signed_by
from finetune.streams.hub_files import Dataset, fetch_files
from finetune.streams.parquet_rows import Columns, ParquetRows
from finetune.streams.sources import Sources, Window
from tests.finetune.generating.made import conversation, question, section
from tests.finetune.generating.runs import make_plan, session

ADA = Keypair.create_from_uri("//ada")
SIX = datetime(2026, 11, 21, 6, tzinfo=UTC)
DAY = timedelta(days=1)
TOKEN = "token-of-ada"


def rows_of(kind: str, *numbers: int) -> list[dict]:
    write = {"questions": question, "conversations": conversation}[kind]
    common = [(section(i).text, {"document": "geese.md", "section": f"Part {i}", "id": f"{i:032}"}) for i in numbers]
    return [write(text) | {"passage": text} | more for text, more in common]


def make(out: Path, *numbers: int, kind: str = "conversations", now: datetime = SIX, **more):
    out.mkdir(exist_ok=True)
    given = {"facts": {"model": "m", "seed": 7}, "hotkey": ADA} | more
    return make_publication(out, kind=kind, rows=rows_of(kind, *numbers), now=now, **given)


def manifest_of(publication) -> dict:
    return json.loads((publication.folder / "manifests" / f"{publication.name}.json").read_bytes())


@pytest.mark.parametrize("kind", KINDS)
def test_rows_come_back_from_the_parquet_file_as_they_were(tmp_path, kind):
    publication = make(tmp_path, 1, 2, kind=kind)
    table = pq.read_table(publication.folder / "data" / "2026-11-21T06-00-00Z.parquet")
    assert table.to_pylist() == rows_of(kind, 1, 2)


def test_the_manifest_names_date_counts_and_files_and_is_signed(tmp_path):
    publication = make(tmp_path, 1, 2, now=SIX.astimezone(timezone(timedelta(hours=5))))
    manifest = manifest_of(publication)
    (data,) = (publication.folder / "data").iterdir()
    assert manifest["record"] == publication.record == {
        "format": 1,
        "kind": "conversations",
        "date": "2026-11-21T06:00:00Z",
        "rows": 2,
        "rows_sha256": hashlib.sha256(rows_bytes(rows_of("conversations", 1, 2))).hexdigest(),
        "model": "m",
        "seed": 7,
        "files": {
            f"data/{data.name}": {
                "bytes": data.stat().st_size,
                "sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
            }
        },
    }  # fmt: skip
    assert signed_by(manifest) == ADA.ss58_address
    manifest["record"]["rows"] = 3
    assert signed_by(manifest) is None


def test_without_a_hotkey_nobody_has_signed(tmp_path):
    manifest = manifest_of(make(tmp_path, 1, hotkey=None))
    assert (manifest["hotkey"], manifest["signature"]) == (None, None)


def test_a_publication_is_made_again_when_rows_facts_or_signer_have_changed_and_only_then(tmp_path):
    first = make(tmp_path, 1, 2)
    assert make(tmp_path, 1, 2, now=SIX + DAY) == first == find_publication(tmp_path)
    changes: dict[str, object] = {}
    for day, one in enumerate(({"facts": {"model": "n"}}, {"hotkey": None}, {"numbers": (1, 2, 3)}), start=1):
        changes |= one
        given = dict(changes)
        changed = make(tmp_path, *given.pop("numbers", (1, 2)), now=SIX + day * DAY, **given)
        assert changed.name == f"2026-11-2{1 + day}T06-00-00Z"
        assert sorted(path.name for path in tmp_path.rglob("*.*")) == [
            f"{changed.name}.json",
            f"{changed.name}.parquet",
        ]


def test_a_damaged_publication_is_made_again(tmp_path):
    first = make(tmp_path, 1)
    (first.folder / "data" / f"{first.name}.parquet").write_bytes(b"PAR1")
    assert find_publication(tmp_path) is None
    make(tmp_path, 1)
    assert find_publication(tmp_path) == first


def test_a_session_says_in_the_manifest_what_the_run_was(endpoint, tmp_path):
    out = tmp_path / "run"
    made = session(endpoint, out, make_plan(3), facts={"documents": 1}, hotkey=ADA)
    record = manifest_of(made.publication)["record"]
    assert signed_by(manifest_of(made.publication)) == ADA.ss58_address
    expected = {"kind": "questions", "model": "m", "seed": 0, "rows": 3, "answers": 3, "requests": 3, "documents": 1}
    assert record.items() >= (expected | {"date": "2026-11-21T06:00:00Z"}).items()
    assert record["rows_sha256"] == hashlib.sha256((out / "rows.jsonl").read_bytes()).hexdigest()
    assert endpoint.base not in json.dumps(record)


@pytest.fixture(scope="module")
def clock() -> list[float]:
    """The time by which the hub dates its commits."""
    return [0.0]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, clock: list[float]) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub"), {"ada": TOKEN}, clock=lambda: clock[0]) as running:
        yield running


@pytest.fixture
def hub(server: LocalHub) -> HubClient:
    return HubClient(server.endpoint, TOKEN, kind="dataset")


@pytest.fixture
def send(tmp_path: Path, hub: HubClient) -> Callable[..., str]:
    """Publishes a run of its own with these rows."""

    def call(repository: str, day: int, *numbers: int, hub: object = hub) -> str:
        out = tmp_path / f"day-{day}"
        publication = make(out, *numbers, now=SIX + day * DAY, facts={"repository": repository})
        return publish(publication, repository=repository, hub=hub, out=out)

    return call


def files_in(hub: HubClient, repository: str, folder: Path) -> dict[str, bytes]:
    listing = hub.listing(repository, None)
    hub.download(listing, [file.path for file in listing.files], folder)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}


def test_each_publication_adds_its_files_in_one_commit_and_the_earlier_ones_stay(send, hub, tmp_path):
    first = send("ada/grows", 0, 1, 2)
    before = files_in(hub, "ada/grows", tmp_path / "before")
    second = send("ada/grows", 1, 3)
    after = files_in(hub, "ada/grows", tmp_path / "after")
    assert before.items() <= after.items()
    assert sorted(set(after) - set(before)) == [
        "data/2026-11-22T06-00-00Z.parquet",
        "manifests/2026-11-22T06-00-00Z.json",
    ]
    assert len(pq.read_table(io.BytesIO(after["data/2026-11-22T06-00-00Z.parquet"]))) == 1
    history = [one.revision for one in hub.history("ada/grows", back_to=0)]
    assert history[:2] == [second, first]
    assert not hub.listing("ada/grows", None).private
    assert sorted(path.name for path in (tmp_path / "day-1").iterdir()) == ["publication", "published.json"]


def test_publishing_again_makes_no_second_commit(send, hub):
    assert send("ada/again", 0, 1) == send("ada/again", 0, 1)


def test_a_failed_upload_closes_the_run_and_may_be_tried_again(send, hub, tmp_path):
    def fail(*_: object, **__: object) -> str:
        raise HubUnavailable("no answer")

    broken = SimpleNamespace(create=hub.create, listing=hub.listing, download=hub.download, upload=fail)
    with pytest.raises(HubUnavailable):
        send("ada/fails", 0, 1, hub=broken)
    assert published_in(tmp_path / "day-0") == "ada/fails", "it may have arrived"
    send("ada/fails", 0, 1)
    assert len(hub.listing("ada/fails", None).files) >= 2


def test_rows_go_to_one_repository(send, hub, tmp_path):
    send("ada/one", 0, 1)
    with pytest.raises(SetupError, match="are published in ada/one already"):
        send("ada/other", 0, 1)


def test_rows_go_only_where_the_manifest_says(hub, tmp_path):
    publication = make(tmp_path, 1, facts={"repository": "ada/named"})
    with pytest.raises(SetupError, match=r"is for ada/named, so nobody would trust it in ada/unnamed$"):
        publish(publication, repository="ada/unnamed", hub=hub, out=tmp_path)
    assert published_in(tmp_path) is None


def test_a_file_of_the_same_name_is_never_replaced(send, hub, tmp_path):
    send("ada/taken", 0, 1)
    publication = make(tmp_path / "second", 2, facts={"repository": "ada/taken"})
    with pytest.raises(SetupError, match=r"holds another (data|manifests)/2026-11-21T06-00-00Z"):
        publish(publication, repository="ada/taken", hub=hub, out=tmp_path / "second")
    assert len(hub.listing("ada/taken", None).files) == 3


def test_a_published_run_asks_for_no_more_rows_whatever_is_left(endpoint, hub, tmp_path):
    out, said = tmp_path / "run", []
    made = session(
        endpoint, out, make_plan(4), max_requests=2, workers=1, hotkey=ADA, facts={"repository": "ada/closed"}
    )
    publish(made.publication, repository="ada/closed", hub=hub, out=out)
    again = session(endpoint, out, make_plan(4), hotkey=ADA, said=said)
    assert len(endpoint.asked) == 2
    assert again.publication == made.publication
    assert said == [f"the rows in {out} are published in ada/closed; for new ones name another folder with --out"]


def test_validators_streams_find_the_new_file_and_read_its_rows(send, hub, clock, tmp_path):
    for day in (0, 1):
        clock[0] = 1e6 + day * DAY.total_seconds()
        send("ada/stream", day, day)
    dataset = Dataset(stream="s", repository="ada/stream", files="data/*.parquet", revision="", fresh=True)
    window = Window(start=1e6 + 100, end=1e6 + 2 * DAY.total_seconds())
    with DatasetCache(tmp_path / "cache", 10**8) as cache:
        (file,) = fetch_files(dataset, window, Sources(datasets=hub, cache=cache, say=lambda line: None))
        rows = ParquetRows(file, Columns(turns="messages"))
        (expected,) = rows_of("conversations", 1)
        assert rows.rows == 1
        assert rows.read(0).turns == tuple((one["role"], one["content"]) for one in expected["messages"])
