"""What a process needs before it begins: each lack is one sentence, and all of them come together."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from finetune import startup
from finetune.errors import ChainUnavailable, SetupError
from finetune.hub.client import HubClient

NOWHERE = HubClient("http://127.0.0.1:1", "hf_any")


def test_nothing_missing_is_no_error():
    startup.refuse([], "validator")


def test_one_fault_is_said_as_it_is_and_several_are_listed():
    with pytest.raises(SetupError, match=r"^no wallet$"):
        startup.refuse(["no wallet"], "miner")
    with pytest.raises(SetupError) as refused:
        startup.refuse(["no wallet", "no disk"], "miner")
    assert str(refused.value) == "this miner cannot start:\n  - no wallet\n  - no disk"


def test_a_check_that_fails_is_noted_and_the_next_one_goes_on():
    faults: list[str] = []
    with startup.noting(faults):
        raise ChainUnavailable("the chain sleeps")
    with startup.noting(faults):
        faults.append("no disk")
    assert faults == ["the chain sleeps", "no disk"]


def test_whoever_only_reads_needs_no_token_and_waits_for_a_hub_that_is_away():
    assert startup.check_token_reads(NOWHERE, None) == []
    assert startup.check_token_reads(NOWHERE, "hf_any") == []


def test_whoever_publishes_needs_a_token():
    assert "HF_TOKEN is not set" in startup.check_token_writes(NOWHERE, None, "ada/m")[0]


def test_the_quota_must_fit_on_the_disk_together_with_what_lies_there(tmp_path: Path):
    folder = tmp_path / "models"
    assert startup.check_disk(folder, 1) == []
    free = shutil.disk_usage(folder).free
    assert "lower --quota_gb or choose another --model_dir" in startup.check_disk(folder, 2 * free)[0]
    (tmp_path / "file").write_text("")
    assert "cannot be used" in startup.check_disk(tmp_path / "file" / "models", 1)[0]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("cache/models/digest/model.safetensors", True),
        ("cache/staging/cut-off/model.safetensors", True),
        ("fetched/models/digest/model.safetensors", True),
        ("datasets/files/content", True),
        ("reports/1.json", False),
        ("state.sqlite", False),
        ("backup/models/digest/model.safetensors", False),
    ],
)
def test_what_the_caches_hold_already_is_room_for_the_quota_and_nothing_else_is(tmp_path, monkeypatch, name, counts):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(bytes(500))
    assert startup.check_disk(tmp_path, 1000) == []
    assert (startup.check_disk(tmp_path, 1500) == []) == counts
    assert startup.check_disk(tmp_path, 1501) != []


def test_counting_stops_where_there_is_room_enough_and_follows_no_link(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    folder = tmp_path / "model_dir" / "cache" / "models" / "digest"
    folder.mkdir(parents=True)
    (tmp_path / "large").write_bytes(bytes(5000))
    (folder / "link").symlink_to(tmp_path / "large")
    assert startup.check_disk(tmp_path / "model_dir", 5000) != []
    for number in range(10):
        (folder / str(number)).write_bytes(bytes(500))
    looked = []
    monkeypatch.setattr(Path, "lstat", lambda path, real=Path.lstat: looked.append(path) or real(path))
    assert startup.check_disk(tmp_path / "model_dir", 2000) == []
    assert len(looked) < 5


def test_a_device_is_one_that_torch_sees_here():
    import torch

    assert startup.check_device("cpu") == []
    assert "choose cpu, cuda or mps" in startup.check_device("abacus")[0]
    if not torch.cuda.is_available():
        assert "torch sees no cuda here" in startup.check_device("cuda")[0]
