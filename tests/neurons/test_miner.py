"""The miner's command: what it shows, fetches and publishes, and what it refuses to give up by accident."""

import json
import time
from pathlib import Path
from typing import Any

import bittensor as bt
import pytest

from finetune.chain.local import LocalChain
from finetune.errors import RepositoryGone
from finetune.hub.client import HubClient
from neurons import miner
from neurons.settings import MINER as MINER_SETTINGS
from neurons.settings import parse
from scripts import upload_model

ROOT = Path(__file__).parents[2]
MINER = "miner"

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def catalog(tmp_path: Path, variables: dict[str, str]) -> None:
    """A catalog of one competition, in which submissions bring their own tokenizers."""
    folder = tmp_path / "catalog"
    folder.mkdir()
    text = (ROOT / "competitions" / "rehearsal" / "tiny.toml").read_text()
    (folder / "tiny.toml").write_text(text.replace('tokenizer = "reference"', 'tokenizer = "any"'))
    variables["CATALOG"] = str(folder)


def address(variables: dict[str, str]) -> str:
    wallet = bt.Wallet(name="cold", hotkey="hot", path=variables["WALLET_PATH"])
    found: str = wallet.hotkey.ss58_address
    return found


def run(variables: dict[str, str], *flags: str) -> int:
    return miner.main(list(flags), variables)


def publish(variables: dict[str, str], tmp_path: Path, *flags: str) -> int:
    where = ("--load_model_dir", str(tmp_path / "model"), "--hf_repo_id", f"{MINER}/sorter")
    return run(variables, "--competition_id", "1", *where, *flags)


def test_the_competitions_are_listed_without_a_chain(capsys: pytest.CaptureFixture[str]):
    assert (
        run(
            {"SUBTENSOR_NETWORK": "local:/nowhere", "CATALOG": str(ROOT / "competitions" / "catalog")},
            *["--list_competitions"],
        )
        == 0
    )
    shown = capsys.readouterr().out
    assert "2  B7_MULTI_CHOICE, 40% of the reward, full models of up to 6,900,000,000 parameters, 4,096 tokens" in shown


@pytest.mark.usefixtures("catalog")
def test_a_folder_is_published_and_then_found_by_its_uid(variables, tmp_path, capsys):
    assert publish(variables, tmp_path) == 0
    shown = capsys.readouterr().out
    assert f"{MINER}/sorter at " in shown
    assert not HubClient(variables["HF_ENDPOINT"], None).listing(f"{MINER}/sorter", None).private
    assert publish(variables, tmp_path) == 0
    assert capsys.readouterr().out.splitlines()[-1] == shown.splitlines()[-1]
    assert run(variables, "--competition_id", "1", "--load_uid", "0") == 0
    folder = Path(capsys.readouterr().out.strip().split(": ")[1])
    assert (folder / "model.safetensors").read_bytes() == (tmp_path / "model" / "model.safetensors").read_bytes()


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--competition_id", "9", "--load_best"), "--competition_id is 9; it must be one of 1"),
        (("--competition_id", "1", "--load_best"), "nobody leads competition 1 yet; start from its reference"),
        (("--competition_id", "1", "--load_uid", "7"), "the subnet has no uid 7"),
        (("--competition_id", "1", "--load_uid", "0"), "has no submission to competition 1"),
        (
            ("--competition_id", "1", "--hf_repo_id", f"{MINER}/b", "--update_repo_visibility"),
            "no commitment on chain that names",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(variables, capsys, flags, said):
    assert run(variables, *flags) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1


@pytest.mark.usefixtures("catalog")
def test_a_hotkey_that_earns_is_not_given_up_by_accident(variables, tmp_path, capsys, monkeypatch):
    assert publish(variables, tmp_path) == 0
    real: Any = LocalChain.metagraph

    def earning(self, block=None):
        from dataclasses import replace

        found = real(self, block)
        return replace(found, neurons=tuple(replace(one, incentive=0.5, consensus=0.5) for one in found.neurons))

    monkeypatch.setattr(LocalChain, "metagraph", earning)
    assert publish(variables, tmp_path) == 0  # the same again commits nothing
    config = tmp_path / "model" / "config.json"
    config.write_text(config.read_text() + "\n")
    assert publish(variables, tmp_path) == 2
    assert "committing again gives that up" in capsys.readouterr().err
    assert publish(variables, tmp_path, "--give_up_seat", "--hf_repo_id", f"{MINER}/better") == 0
    capsys.readouterr()
    assert run(variables, "--competition_id", "1", "--load_best") == 0
    assert capsys.readouterr().out.startswith(address(variables))


def test_all_that_is_missing_for_publishing_is_listed_at_once(variables, tmp_path, capsys):
    variables.update(HF_TOKEN="hf_reader", WALLET_HOTKEY="lost", CATALOG=str(tmp_path / "nowhere"))
    assert run(variables, "--hf_repo_id", f"{MINER}/sorter", "--load_model_dir", str(tmp_path / "model")) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("this miner cannot start:\n")
    for fault in ("no competition file", "hotkey 'lost' of wallet 'cold'", "HF_TOKEN may only read"):
        assert fault in shown
    assert "Traceback" not in shown


@pytest.mark.usefixtures("catalog")
def test_publishing_a_folder_needs_a_folder(variables, capsys):
    assert upload_model.main(["--competition_id", "1", "--hf_repo_id", f"{MINER}/sorter"], variables) == 2
    assert "--load_model_dir FOLDER says what to publish" in capsys.readouterr().err


@pytest.mark.usefixtures("catalog")
def test_the_files_that_another_hotkey_has_committed_are_not_uploaded(variables, tmp_path, capsys):
    assert publish(variables, tmp_path) == 0
    other = bt.Wallet(name="cold", hotkey="other", path=variables["WALLET_PATH"])
    other.create_new_hotkey(suppress=True)
    with LocalChain(tmp_path / "chain.sqlite") as chain:
        chain.register(other.hotkey, "cold")
        while other.hotkey.ss58_address not in chain.metagraph().by_hotkey:
            time.sleep(0.05)
    variables["WALLET_HOTKEY"] = "other"
    assert publish(variables, tmp_path, "--hf_repo_id", f"{MINER}/copy") == 2
    assert "as same_weights" in capsys.readouterr().err
    with pytest.raises(RepositoryGone):
        HubClient(variables["HF_ENDPOINT"], "hf_miner").listing(f"{MINER}/copy", None)


@pytest.mark.usefixtures("catalog")
def test_a_repository_that_is_public_is_refused_before_the_model_is_tried(variables, tmp_path, capsys):
    assert publish(variables, tmp_path) == 0
    config = tmp_path / "model" / "config.json"
    config.write_text(config.read_text() + "\n")
    capsys.readouterr()
    assert publish(variables, tmp_path, "--offline") == 2
    told = capsys.readouterr()
    assert f"{MINER}/sorter is public, so others could commit its new files first" in told.err
    assert "gates: " not in told.out


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize(
    ("token", "said"),
    [("", "HF_TOKEN is not set"), ("hf_nobody", "our token is missing, wrong"), ("hf_reader", "may only read")],
)
def test_publishing_needs_a_token_that_may_write(variables, tmp_path, capsys, token, said):
    variables["HF_TOKEN"] = token
    assert publish(variables, tmp_path) == 2
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("catalog")
def test_a_folder_that_validators_would_reject_is_not_uploaded(variables, tmp_path, capsys):
    text = (tmp_path / "model" / "config.json").read_text()
    (tmp_path / "model" / "config.json").write_text(text.replace("LlamaForCausalLM", "BartForCausalLM"))
    assert publish(variables, tmp_path) == 2
    told = capsys.readouterr().err
    assert "validators would reject" in told
    assert "as architecture_not_allowed" in told
    with pytest.raises(RepositoryGone):
        HubClient(variables["HF_ENDPOINT"], "hf_miner").listing(f"{MINER}/sorter", None)


@pytest.mark.usefixtures("catalog")
def test_a_model_that_only_loading_shows_to_be_bad_is_not_uploaded_unless_forced(variables, tmp_path, capsys):
    tokenizer = tmp_path / "model" / "tokenizer.json"
    model = json.loads(tokenizer.read_text()) | {"model": {"type": "WordLevel", "vocab": {"x": 0}, "unk_token": "x"}}
    tokenizer.write_text(json.dumps(model))
    assert publish(variables, tmp_path) == 2
    told = capsys.readouterr()
    assert "at the gate 'tokenizer', as lossy_tokenizer" in told.err
    assert "--force publishes it all the same" in told.err
    with pytest.raises(RepositoryGone):
        HubClient(variables["HF_ENDPOINT"], "hf_miner").listing(f"{MINER}/sorter", None)
    assert publish(variables, tmp_path, "--force") == 0
    assert not HubClient(variables["HF_ENDPOINT"], None).listing(f"{MINER}/sorter", None).private


@pytest.mark.usefixtures("catalog")
def test_offline_a_model_is_tried_too_and_it_is_told_how_far_that_is(variables, tmp_path, capsys):
    assert publish(variables, tmp_path, "--offline") == 0
    told = capsys.readouterr().out
    assert "gates: 4 of 4 samples, about 0 seconds left" in told


@pytest.mark.usefixtures("catalog")
def test_a_device_that_is_not_here_is_told_with_all_else(variables, tmp_path, capsys):
    assert publish(variables, tmp_path, "--device", "abacus", "--hf_repo_id", "no-namespace") == 2
    told = capsys.readouterr().err
    assert "there is no device 'abacus'" in told
    assert "this miner cannot start" in told


@pytest.mark.usefixtures("catalog")
def test_all_that_keeps_a_repository_from_being_shown_is_listed_at_once(variables, capsys):
    variables["HF_TOKEN"] = "hf_reader"
    assert run(variables, "--update_repo_visibility", "--hf_repo_id", f"{MINER}/sorter") == 2
    told = capsys.readouterr().err
    assert "HF_TOKEN may only read" in told
    assert "has no commitment on chain that names" in told


@pytest.mark.usefixtures("catalog")
def test_offline_nothing_is_committed_and_nothing_shown(variables, tmp_path, capsys):
    assert publish(variables, tmp_path, "--offline") == 0
    assert f"would upload {tmp_path / 'model'} and commit {MINER}:sorter:" in capsys.readouterr().out
    with pytest.raises(RepositoryGone):
        HubClient(variables["HF_ENDPOINT"], "hf_miner").listing(f"{MINER}/sorter", None)


@pytest.mark.usefixtures("catalog")
def test_offline_a_committed_repository_stays_private(variables, tmp_path, capsys):
    assert publish(variables, tmp_path) == 0
    hub = HubClient(variables["HF_ENDPOINT"], "hf_miner")
    hub.set_private(f"{MINER}/sorter", True)
    assert run(variables, "--offline", "--update_repo_visibility", "--hf_repo_id", f"{MINER}/sorter") == 0
    assert "would be made public" in capsys.readouterr().out
    assert hub.listing(f"{MINER}/sorter", None).private


@pytest.mark.usefixtures("catalog")
def test_a_model_dir_inside_the_folder_to_publish_is_refused(variables, tmp_path, capsys):
    assert publish(variables, tmp_path, "--model_dir", str(tmp_path / "model" / "runs")) == 2
    assert "lies in the folder to publish" in capsys.readouterr().err
    assert not (tmp_path / "model" / "runs").exists()


@pytest.mark.parametrize(("value", "offline"), [("Y", True), ("on", True), ("0", False), ("No", False), ("", False)])
def test_a_switch_in_the_environment_is_on_or_off(value, offline):
    assert parse(MINER_SETTINGS, "", [], {"OFFLINE": value}).offline is offline


def test_a_switch_that_is_neither_on_nor_off_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse(MINER_SETTINGS, "", [], {"OFFLINE": "enabled"})
    assert "OFFLINE is 'enabled'; allowed are 1, true, yes, y, on, 0, false, no, n, off" in capsys.readouterr().err
