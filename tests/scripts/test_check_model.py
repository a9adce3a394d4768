"""What a miner is told of a folder before it is published."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from finetune.chain.local import LocalChain
from finetune.evals.scorer import LocalScorer
from finetune.hub.client import HubClient
from finetune.hub.digest import folder_digest
from finetune.hub.server import LocalHub
from finetune.mining.tiny import build_tiny
from neurons import checking
from scripts import check_model


@pytest.fixture
def catalog(tmp_path: Path) -> list[str]:
    (tmp_path / "catalog").mkdir()
    shutil.copy("competitions/rehearsal/tiny.toml", tmp_path / "catalog")
    return ["--competition", "1", "--catalog", str(tmp_path / "catalog"), "--batches", "4"]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    build_tiny(tmp_path / "tiny", hidden=48, layers=1)
    return tmp_path / "tiny"


def test_gates_losses_and_odds_are_told_and_a_copy_hears_what_it_lacks(
    tiny: Path, catalog, capsys: pytest.CaptureFixture[str]
):
    assert check_model.main([str(tiny), "--rival", str(tiny), "--tokenizer", str(tiny), *catalog]) == 0
    told = capsys.readouterr().out
    gates = [line.removeprefix("gate ").removesuffix(": passed") for line in told.splitlines() if line[:5] == "gate "]
    assert gates == [
        *("file names", "sizes", "kind of model", "plain files", "configuration"),
        *("hash", "weight files and parameters", "index of weight files"),
        *("tensors", "tokenizer", "numbers in the weights", "loading", "causality", "scoring"),
    ]
    assert "lower it by" in told
    assert "0.0% of the batches won" in told


def test_a_folder_that_a_gate_turns_away_is_1_and_says_why(tiny: Path, catalog, capsys: pytest.CaptureFixture[str]):
    (tiny / "model.py").write_text("")
    assert check_model.main([str(tiny), "--rival", str(tiny), "--json", *catalog]) == 1
    assert json.loads(capsys.readouterr().out)["gates"][0]["rejection"]["reason"] == "file_not_allowed"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere", "--rival", "."], "nowhere is not a folder"),
        ([".", "--rival", ".", "--competition", "9"], "no competition 9"),
    ],
)
def test_what_cannot_be_checked_is_2_and_one_sentence(arguments, told, catalog, capsys: pytest.CaptureFixture[str]):
    assert check_model.main([*catalog, *arguments]) == 2
    assert told in capsys.readouterr().err


def test_without_a_rival_the_reference_is_fetched_until_somebody_leads_and_a_copy_of_it_is_told(
    tiny: Path, catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(checking, "open_scorer", lambda options, level, held: LocalScorer())
    with (
        LocalHub(tmp_path / "hub", {"owner": "hf_owner"}) as hub,
        LocalChain.create(tmp_path / "chain.sqlite", seed="net") as chain,
    ):
        chain.advance(30)
        owner = HubClient(hub.endpoint, "hf_owner")
        owner.create("owner/tiny-llama", private=False)
        revision = owner.upload("owner/tiny-llama", tiny, message="the reference")
        file = tmp_path / "catalog" / "tiny.toml"
        document: Any = tomlkit.parse(file.read_text())
        document["reference"]["revision"], document["reference"]["digest"] = revision, folder_digest(tiny)
        file.write_text(tomlkit.dumps(document))
        build_tiny(tmp_path / "other", seed=1, hidden=48, layers=1)
        flags = ["--subtensor.network", f"local:{tmp_path / 'chain.sqlite'}", "--quota_gb", "1"]
        variables = {"HF_ENDPOINT": hub.endpoint, "MODEL_DIR": str(tmp_path / "fetched")}
        assert check_model.main([str(tmp_path / "other"), *catalog, *flags], variables) == 0
        told = capsys.readouterr().out
        assert "gate weights of its own: passed\n" in told
        assert "nearest to reference" in told
        assert "chance to take the seat of reference" in told
        assert check_model.main([str(tiny), *catalog, *flags], variables) == 1
        assert "gate weights of its own: failed, same_weights" in capsys.readouterr().out
