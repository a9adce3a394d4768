"""Both processes with a token, a key of wandb and a wallet: none of them is shown, whatever the hub does."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import bittensor as bt
import pytest

from competitions.submission import Payload
from finetune.chain.local import LocalChain, LocalSettings
from finetune.hub.server import LocalHub
from finetune.mining.tiny import build_tiny
from neurons import miner, publishing
from tests.finetune.hub.flaky import REFUSED, FlakyHub
from tests.neurons import test_validator
from tests.neurons.leaks import descendants, leaks, living, shown_by, wallet_secrets, written_below
from tests.neurons.test_validator import ROOT, Net, stopped

net = test_validator.net
OURS = {"HF_TOKEN": "hf_owner", "WANDB_API_KEY": "key-of-wandb-0123456789"}


def secrets_of(wallets: Path) -> dict[str, bytes]:
    found = {name: value.encode() for name, value in OURS.items()} | wallet_secrets(wallets)
    assert any("secretSeed" in name for name in found)
    return found


def said_until(process: "subprocess.Popen[str]", words: str) -> str:
    """What a process says up to a line with these words."""
    said = ""
    assert process.stdout is not None
    while words not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return said


def test_a_validator_shows_no_secret_and_stops_in_the_middle_of_scoring(net: Net):
    secrets = secrets_of(net.wallets)
    wallet = bt.Wallet(name="cold", hotkey="hot", path=str(net.wallets))
    payload = Payload(repository="miner/model", revision="1" * 40, secure_hash="A" * 43 + "=", competition=1)
    net.chain.commit(wallet.hotkey, payload.encode())
    net.chain.advance(40)
    nobody = {"WANDB_BASE_URL": "http://127.0.0.1:9"}
    with FlakyHub(net.endpoint) as flaky:
        flaky.fault = lambda method, path: REFUSED if "/miner/model/" in path else None
        with net.start(**OURS, **nobody, HF_ENDPOINT=flaky.endpoint) as process:
            try:
                said = said_until(process, "score reference")
                workers = descendants(process.pid)
                shown = list(shown_by(process.pid))
                code, rest = stopped(process)
            finally:
                process.kill()
    assert code == 0
    assert rest.endswith("stopped; start it again and it goes on from here\n")
    assert workers
    assert not {*workers} & {*living()}
    said += rest
    assert "HTTP 403: what is Bearer ***?" in said, "the hub has sent the token back"
    mirror = [name.removeprefix("cmdline") for name, content in shown if b"finetune.mirror" in content]
    allowed = [f"WANDB_API_KEY in environ{one}" for one in mirror]  # the one child that is to log in there
    assert leaks(secrets, iter([("what it said", said.encode()), *shown])) == allowed
    assert leaks(secrets, written_below(net.root / "validator")) == []
    assert any(name.startswith("environ") and b"HF_HUB_OFFLINE" in content for name, content in shown), "of a worker"


@pytest.fixture
def miner_variables(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What a miner is told that may publish, on a chain whose blocks come by the clock."""
    wallet = bt.Wallet(name="cold", hotkey="hot", path=str(tmp_path / "wallets"))
    wallet.create_new_coldkey(use_password=False, suppress=True)
    wallet.create_new_hotkey(suppress=True)
    build_tiny(tmp_path / "model", hidden=24, layers=1)
    (tmp_path / "catalog").mkdir()
    text = (ROOT / "competitions" / "rehearsal" / "tiny.toml").read_text()
    (tmp_path / "catalog" / "tiny.toml").write_text(text)
    settings = LocalSettings(tempo=20, block_seconds=0.2)
    with (
        LocalHub(tmp_path / "hub", {"owner": OURS["HF_TOKEN"]}) as hub,
        LocalChain.create(tmp_path / "chain.sqlite", seed="net", settings=settings) as chain,
    ):
        chain.register(wallet.hotkey, "cold")
        while not chain.metagraph().neurons:
            time.sleep(0.05)
        yield {
            "PATH": os.environ["PATH"],
            "OMP_NUM_THREADS": "1",
            "HF_HUB_DISABLE_XET": "1",
            "HF_ENDPOINT": hub.endpoint,
            "WALLET_PATH": str(tmp_path / "wallets"),
            "WALLET_NAME": "cold",
            "WALLET_HOTKEY": "hot",
            "SUBTENSOR_NETWORK": f"local:{tmp_path / 'chain.sqlite'}",
            "CATALOG": str(tmp_path / "catalog"),
            "MODEL_DIR": str(tmp_path / "miner"),
            "QUOTA_GB": "1",
            "LOAD_MODEL_DIR": str(tmp_path / "model"),
            "HF_REPO_ID": "owner/sorter",
            "COMPETITION_ID": "1",
            "FORCE_PUBLISH": "1",  # its reference is on no hub here, and gates without one cannot run
            **OURS,
        }


def test_a_miner_that_publishes_shows_no_secret(miner_variables, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(publishing, "_POLL_SECONDS", 0.05)
    assert miner.main([], miner_variables) == 0
    said = "".join(capfd.readouterr())
    assert "owner/sorter at " in said
    places = [("what it said", said.encode()), *written_below(tmp_path / "miner"), *written_below(tmp_path / "model")]
    assert leaks(secrets_of(tmp_path / "wallets"), iter(places)) == []


def test_a_miners_process_shows_no_secret_although_the_hub_sends_its_token_back(miner_variables, tmp_path):
    with FlakyHub(miner_variables["HF_ENDPOINT"]) as flaky:
        flaky.always(REFUSED)
        with subprocess.Popen(
            [sys.executable, str(ROOT / "neurons" / "miner.py")],
            cwd=tmp_path,
            env={**miner_variables, "HF_ENDPOINT": flaky.endpoint},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            shown = list(shown_by(process.pid))
            said, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "what is Bearer ***?" in said
    assert leaks(secrets_of(tmp_path / "wallets"), iter([("what it said", said.encode()), *shown])) == []
