"""What a process needs before it begins: each lack is one sentence, and all of them come together."""

import shutil
from pathlib import Path

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


def test_a_device_is_one_that_torch_sees_here():
    import torch

    assert startup.check_device("cpu") == []
    assert "choose cpu, cuda or mps" in startup.check_device("abacus")[0]
    if not torch.cuda.is_available():
        assert "torch sees no cuda here" in startup.check_device("cuda")[0]
