"""The synthetic stream from end to end: written, signed, published, drawn from by validators, and not to be forged."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from finetune.errors import StreamError
from finetune.hub.client import HubClient
from finetune.hub.server import LocalHub
from finetune.isolation.trial import find_level
from finetune.streams.parquet_reader import ParquetReader
from finetune.streams.registry import open_stream
from finetune.streams.sample import ChoiceSample, Sample
from finetune.streams.sources import Window
from scripts import generate_data, show_samples
from tests.finetune.generating.made import passage, write_documents
from tests.finetune.generating.server import fake_endpoint
from tests.finetune.streams.remote import machine, seed

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

TOKEN, DAY = "token-of-ada", 86_400.0
KINDS = {"questions": "hub_questions", "conversations": "hub_chats"}
EVE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
TODAY = Window(start=1.5 * DAY, end=2.5 * DAY)


class World:
    """A hub with two days of both kinds of rows, signed by one hotkey."""

    def __init__(self, hub: LocalHub, clock: list[float], signer: str) -> None:
        self.hub, self.clock, self.signer = hub, clock, signer
        self.ada = HubClient(hub.endpoint, TOKEN, kind="dataset")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    from bittensor import Wallet

    folder, clock = tmp_path_factory.mktemp("synthetic"), [0.0]
    wallet = Wallet("w", "h", str(folder / "wallets"))
    wallet.create_new_hotkey(use_password=False)
    keys = ["--wallet.name", "w", "--wallet.hotkey", "h", "--wallet.path", folder / "wallets"]
    documents = write_documents(folder / "docs", 12)
    with (
        fake_endpoint() as endpoint,
        LocalHub(folder / "hub", {"ada": TOKEN}, clock=lambda: clock[0]) as hub,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("OPENAI_BASE_URL", endpoint.base)
        environment.setenv("HF_ENDPOINT", hub.endpoint)
        environment.setenv("HF_TOKEN", TOKEN)
        for day in (1, 2):
            clock[0] = day * DAY
            for kind in KINDS:
                given = [documents, "--kind", kind, "--model", "m", "--seed", day, "--sections", 6, *keys]
                given += ["--out", folder / f"{kind}-{day}", "--publish", f"ada/{kind}"]
                given += ["--earlier", folder / f"{kind}-1"] if day == 2 else []
                assert generate_data.main([str(one) for one in given]) == 0
            # Publications are named by the second.
            time.sleep(1.1)
        yield World(hub, clock, wallet.hotkey.ss58_address)


@pytest.fixture
def opened(world: World, tmp_path: Path) -> Iterator[Callable]:
    """Opens a stream of a kind as a validator of its own, which may read and not write."""
    reader = HubClient(world.hub.endpoint, None, kind="dataset")
    with (
        ParquetReader(tmp_path, level=find_level(unsafe=True)) as rows,
        machine(tmp_path / "cache", reader, rows) as here,
    ):

        def make(kind: str, signer: str, **options: object):
            given = {"repository": f"ada/{kind}", "signer": signer} | options
            return open_stream(KINDS[kind], given, TODAY, sources=here.sources)

        yield make


def drawn(stream, count: int = 40) -> list:
    return [stream.draw(seed(number)) for number in range(count)]


@pytest.mark.parametrize(("kind", "made"), [("questions", ChoiceSample), ("conversations", Sample)])
def test_rounds_draw_from_what_the_signer_published(kind, made, world, opened):
    whole, today = (drawn(opened(kind, world.signer, fresh=fresh)) for fresh in (False, True))
    assert {type(one) for one in whole + today} == {made}
    before = {one.document for one in whole} - {one.document for one in today}
    assert before, "yesterday's rows are not fresh"
    assert {one.document for one in today} <= {one.document for one in whole}
    assert not opened(kind, world.signer).skipped


def test_questions_come_as_they_were_written_and_a_passage_is_a_document(world, opened):
    samples = drawn(opened("questions", world.signer))
    assert {one.options[one.right].split(" ")[:3] == ["the", "one", "called"] for one in samples} == {True}
    assert all(len(one.options) == 4 and "geese" in one.question for one in samples)
    by_document = {one.document: one.question for one in samples}
    assert len(by_document) == len(set(by_document.values())) <= len({passage(i) for i in range(12)})


@pytest.mark.parametrize("kind", KINDS)
def test_another_signer_is_refused(kind, world, opened):
    with pytest.raises(StreamError, match=f"is signed by {world.signer}, and must be by {EVE}"):
        opened(kind, EVE)


@contextmanager
def forged(world: World, kind: str, folder: Path) -> Iterator[str]:
    """Other rows under the newest manifest, for as long as the block runs; gives the revision."""
    listing = world.ada.listing(f"ada/{kind}", None)
    world.ada.download(listing, [file.path for file in listing.files], folder)
    newest = max((folder / "data").iterdir())
    rows, honest = pq.read_table(newest), newest.read_bytes()
    text = pa.array(["Which option did somebody forge?"] * len(rows))
    pq.write_table(rows.set_column(0, "question", text) if kind == "questions" else rows.slice(1), newest)
    world.clock[0] = 2.2 * DAY
    yield world.ada.upload(f"ada/{kind}", folder, message="under the same manifest")
    newest.write_bytes(honest)
    world.ada.upload(f"ada/{kind}", folder, message="as it was")


@pytest.mark.parametrize("kind", KINDS)
def test_rows_changed_under_the_old_manifest_are_refused_and_the_signed_ones_stay(kind, world, opened, tmp_path):
    before = drawn(opened(kind, world.signer))
    with forged(world, kind, tmp_path / "copy") as revision:
        assert drawn(opened(kind, "")) != before
        with pytest.raises(StreamError, match=r"holds other bytes than manifests/.*\.json says"):
            opened(kind, world.signer, revision=revision)
        assert drawn(opened(kind, world.signer)) == before


def test_a_person_can_look_at_them(world, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HF_ENDPOINT", world.hub.endpoint)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    given = ["hub_questions", "--count", "2", "--option", "repository=ada/questions", "--option"]
    more = ["--cache", str(tmp_path / "cache"), "--unsafe_no_isolation"]
    assert show_samples.main([*given, f"signer={world.signer}", *more]) == 0
    shown = capsys.readouterr()
    assert shown.out.count("hub_questions, sample ") == 2
    assert "stream hub_questions: ada/questions at " in shown.err
    assert show_samples.main([*given, f"signer={EVE}", *more]) == 1
    assert f"must be by {EVE}" in capsys.readouterr().err
