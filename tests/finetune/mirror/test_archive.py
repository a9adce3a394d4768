"""Reports in a dataset repository: a real hub on loopback, each report once, and what is there stays."""

import json
import os
import time
from pathlib import Path

import pytest

from finetune.auditing.verify import check_signature
from finetune.errors import HubRefused, HubUnavailable
from finetune.hub.client import HubClient
from finetune.hub.server import LocalHub
from finetune.mirror import archive as archives
from finetune.mirror.archive import Archive
from finetune.mirror.child import HubMirror, mirroring
from finetune.mirror.dataset import ReportDataset
from finetune.validating.report import ReportFolder
from tests.finetune.board.made_reports import hotkey, resigned

REPOSITORY, TOKEN = "north/reports", "hf_token_of_north"


@pytest.fixture
def hub(tmp_path):
    with LocalHub(tmp_path / "hub", {"north": TOKEN, "other": "hf_token_of_other"}) as hub:
        yield hub


@pytest.fixture
def folder(tmp_path):
    return ReportFolder(tmp_path / "reports")


def held(hub, tmp_path) -> dict[str, bytes]:
    """What a stranger finds in the repository."""
    client = HubClient(hub.endpoint, None, kind="dataset")
    listing = client.listing(REPOSITORY, None)
    paths = [file.path for file in listing.files if file.path.startswith("reports/")]
    into = tmp_path / f"copy-{time.monotonic_ns()}"
    into.mkdir()
    client.download(listing, paths, into)
    return {path: (into / path).read_bytes() for path in paths}


def commits(hub) -> int:
    return len(HubClient(hub.endpoint, None, kind="dataset").history(REPOSITORY, back_to=0.0))


def archive(folder, hub, said=None, token=TOKEN) -> Archive:
    place = ReportDataset(hub.endpoint, token, REPOSITORY)
    return Archive(folder.folder, place, hotkey=hotkey("north"), say=(said if said is not None else []).append)


def test_every_report_arrives_as_it_is_and_can_be_checked_there(folder, hub, reports, tmp_path):
    said: list[str] = []
    archived = archive(folder, hub, said)
    archived.catch_up()
    for report in reports[:3]:
        folder.publish(report)
        archived.catch_up()
    found = held(hub, tmp_path)
    assert found == {f"reports/{path.name}": path.read_bytes() for path in folder.folder.iterdir()}
    assert all(check_signature(json.loads(data))[1] is not None for data in found.values())
    assert said == [f"reports go to {REPOSITORY}"]


def test_a_restart_sends_nothing_twice_and_a_lost_folder_takes_nothing_away(folder, hub, reports, tmp_path):
    for report in reports[:3]:
        folder.publish(report)
    archive(folder, hub).catch_up()
    before = commits(hub)
    archive(folder, hub).catch_up()
    assert commits(hub) == before
    for path in list(folder.folder.iterdir()):
        path.unlink()
    folder.publish(reports[3])
    archive(folder, hub).catch_up()
    assert len(held(hub, tmp_path)) == 4


def test_many_reports_go_in_few_commits(folder, hub, reports, monkeypatch):
    monkeypatch.setattr(archives, "REPORTS_PER_COMMIT", 3)
    for report in reports[:7]:
        folder.publish(report)
    archive(folder, hub).place.held()
    before = commits(hub)
    archive(folder, hub).catch_up()
    assert commits(hub) == before + 3


def test_what_is_no_report_of_ours_is_not_published_and_told_of_once(folder, hub, reports, tmp_path):
    said: list[str] = []
    folder.publish(reports[0])
    folder.publish(resigned(reports[1], "stranger"))
    (folder.folder / "000000099-1.json").write_text("{")
    archived = archive(folder, hub, said)
    archived.catch_up()
    archived.catch_up()
    assert list(held(hub, tmp_path)) == ["reports/000000020-1.json"]
    assert sum("is not published" in one for one in said) == 2


def test_a_hub_that_is_away_or_refuses_raises_without_the_token(folder, hub, reports):
    folder.publish(reports[0])
    with pytest.raises(HubRefused) as caught:
        archive(folder, hub, token="hf_token_of_other").catch_up()
    assert "hf_token_of_other" not in str(caught.value)
    away = Archive(
        folder.folder, ReportDataset("http://127.0.0.1:9", TOKEN, REPOSITORY), hotkey=hotkey("north"), say=print
    )
    with pytest.raises(HubUnavailable):
        away.catch_up()


def test_the_child_process_brings_them_there_and_ends_with_its_parent(folder, hub, reports, tmp_path, capfd):
    mirror = HubMirror(
        reports=folder.folder,
        folder=tmp_path / "mirror",
        hotkey=hotkey("north"),
        repository=REPOSITORY,
        endpoint=hub.endpoint,
        token=TOKEN,
    )
    assert TOKEN not in repr(mirror)
    assert TOKEN not in " ".join(mirror.command(1, 1))
    folder.publish(reports[0])
    patience = time.monotonic() + 60
    with mirroring(mirror, {"PATH": os.environ["PATH"]}, pause=0.05) as pid:
        while True:
            said = capfd.readouterr().out
            if said:
                break
            assert time.monotonic() < patience
            time.sleep(0.05)
    assert f"reports: reports go to {REPOSITORY}" in said
    assert not Path(f"/proc/{pid}").exists()
    assert list(held(hub, tmp_path)) == ["reports/000000020-1.json"]
