"""The validator as a process: on a chain file and a hub on loopback, from a commitment to weights, until SIGTERM."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bittensor as bt
import pytest

from competitions.competition import Competition
from finetune.chain.local import LocalChain, LocalSettings
from finetune.evals.scorer import LocalScorer
from finetune.hub.cache import ModelCache
from finetune.hub.client import HubClient
from finetune.hub.server import LocalHub
from finetune.mining.practice import practice_samples
from finetune.mining.publish import publish
from finetune.mining.tiny import build_tiny
from finetune.mining.train import Recipe, train
from finetune.streams.registry import open_stream
from finetune.streams.sources import Window
from finetune.validating.pin import pin_file
from tests.finetune.mirror.wandb_server import KEY, WandbServer

ROOT = Path(__file__).parents[2]
RECIPE = Recipe(steps=20, batch_size=4, learning_rate=5e-3, warmup_steps=5, sequence_length=256)


@dataclass(frozen=True, kw_only=True)
class Net:
    """A chain file, a hub, a pinned competition, and a wallet whose hotkey may validate."""

    root: Path
    chain: LocalChain
    endpoint: str
    competition: Competition
    wallets: Path

    def variables(self, **more: str) -> dict[str, str]:
        """All that a validator's process is told."""
        return {
            "PATH": os.environ["PATH"],
            "OMP_NUM_THREADS": "1",
            "HF_HUB_DISABLE_XET": "1",
            "HF_ENDPOINT": self.endpoint,
            "WALLET_PATH": str(self.wallets),
            "WALLET_NAME": "cold",
            "WALLET_HOTKEY": "hot",
            "SUBTENSOR_NETWORK": f"local:{self.root / 'chain.sqlite'}",
            "CATALOG": str(self.root / "catalog"),
            "MODEL_DIR": "validator",  # as the default is, in the folder where it was started
            "QUOTA_GB": "1",
            **more,
        }

    def start(self, *flags: str, **variables: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, str(ROOT / "neurons" / "validator.py"), *flags],
            cwd=self.root,
            env=self.variables(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    wallet = bt.Wallet(name="cold", hotkey="hot", path=str(tmp_path / "wallets"))
    wallet.create_new_coldkey(use_password=False, suppress=True)
    wallet.create_new_hotkey(suppress=True)
    settings = LocalSettings(tempo=20, weights_rate_limit=10, activity_cutoff=400, immunity_period=400)
    with (
        LocalHub(tmp_path / "hub", {"owner": "hf_owner", "miner": "hf_miner"}) as hub,
        LocalChain.create(tmp_path / "chain.sqlite", seed="net", settings=settings) as chain,
    ):
        owner = HubClient(hub.endpoint, "hf_owner")
        build_tiny(tmp_path / "base", hidden=48, layers=2)
        owner.create("owner/tiny-llama", private=False)
        owner.upload("owner/tiny-llama", tmp_path / "base", message="the reference")
        file = tmp_path / "catalog" / "tiny.toml"
        file.parent.mkdir()
        file.write_text((ROOT / "competitions" / "rehearsal" / "tiny.toml").read_text())
        with ModelCache(tmp_path / "owner-cache", 10**9) as cache:
            competition = pin_file(file, HubClient(hub.endpoint, None), cache, LocalScorer(), open_stream)
        chain.register(wallet.hotkey, "cold")
        chain.add_stake("cold", wallet.hotkey.ss58_address, 1000.0)
        yield Net(
            root=tmp_path, chain=chain, endpoint=hub.endpoint, competition=competition, wallets=tmp_path / "wallets"
        )


def wait_for_a_report(net: Net, process: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + 100
    while not list((net.root / "validator" / "reports").glob("*-1.json")):
        assert process.poll() is None, process.stdout and process.stdout.read()
        assert time.monotonic() < until
        time.sleep(0.2)


def stopped(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Tell it to stop; its exit code and all it said."""
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


def test_from_a_commitment_to_weights_and_a_clean_stop_while_wandb_hangs(net: Net):
    miner: Any = bt.sp_core.Keypair.create_from_uri("//miner")
    past = Window(start=0.0, end=0.0)
    train(net.root / "base", net.root / "model", practice_samples(net.competition, 1, open_stream, past), RECIPE)
    net.chain.register(miner, "cold-miner")
    net.chain.advance()
    publish(
        net.root / "model",
        repository="miner/model",
        competition=net.competition,
        hotkey=miner,
        hub=HubClient(net.endpoint, "hf_miner"),
        chain=net.chain,
        wait_for=lambda block: net.chain.advance(block - net.chain.block()) and None,
    )
    net.chain.advance(40 - net.chain.block())
    with WandbServer() as wandb:
        wandb.hangs.set()
        with net.start(WANDB_API_KEY=KEY, WANDB_BASE_URL=wandb.endpoint) as process:
            try:
                wait_for_a_report(net, process)
                assert wandb.asked.wait(60)
                code, said = stopped(process)
            finally:
                process.kill()
    assert code == 0
    assert KEY not in said
    assert "isolation" in said
    assert said.endswith("stopped; start it again and it goes on from here\n")
    net.chain.advance(60)
    assert net.chain.metagraph().by_hotkey[miner.ss58_address].incentive == 1.0


def test_offline_it_plays_the_round_and_sends_nothing(net: Net):
    net.chain.advance(40)
    with net.start("--offline") as process:
        try:
            wait_for_a_report(net, process)
            code, said = stopped(process)
        finally:
            process.kill()
    assert code == 0
    assert {one.last_update for one in net.chain.metagraph().neurons} == {-1}
    assert said.count("stopped;") == 1


def test_all_that_is_missing_is_listed_at_once(net: Net):
    text = (net.root / "catalog" / "tiny.toml").read_text()
    text = text.replace('"LlamaForCausalLM"', '"BartForCausalLM"').replace('"word_sorting"', '"word_shuffling"')
    (net.root / "catalog" / "tiny.toml").write_text(text)
    narrow = net.root / "narrow.sqlite"
    LocalChain.create(narrow, seed="net", settings=LocalSettings(min_allowed_weights=4)).close()
    variables = {"WALLET_HOTKEY": "lost", "HF_TOKEN": "hf_nobody", "SUBTENSOR_NETWORK": f"local:{narrow}"}
    with net.start("--device", "abacus", "--quota_gb", "100000000", **variables) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    faults = (
        "hotkey 'lost' of wallet 'cold'",
        "refuses weights for fewer than 4 hotkeys",
        "our token is missing, wrong",
        "BartForCausalLM",
        "no stream is called 'word_shuffling'",
        "no device 'abacus'",
        "lower --quota_gb",
    )
    for fault in faults:
        assert fault in said
    assert said.count("\n  - ") == len(faults)


def test_a_hotkey_without_a_uid_and_one_without_a_permit_are_told_what_they_lack(net: Net):
    def said_to(network: Path) -> str:
        with net.start(SUBTENSOR_NETWORK=f"local:{network}") as process:
            said, _ = process.communicate(timeout=60)
        assert process.returncode == 2
        return said

    LocalChain.create(net.root / "empty.sqlite", seed="net").close()
    assert "is not registered on the subnet" in said_to(net.root / "empty.sqlite")
    net.chain.advance(1)
    hotkey: Any = bt.Wallet(name="cold", hotkey="hot", path=str(net.wallets)).hotkey
    net.chain.remove_stake("cold", hotkey.ss58_address, 1000.0)
    net.chain.advance(1)
    assert "(uid 0) has no validator permit yet; it needs more stake" in said_to(net.root / "chain.sqlite")


def test_a_chain_that_is_not_there_is_one_sentence_among_what_else_is_missing(tmp_path: Path):
    code = subprocess.run(
        [sys.executable, str(ROOT / "neurons" / "validator.py"), "--subtensor.network", f"local:{tmp_path / 'none'}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert code.returncode == 2
    assert (
        f"  - there is no chain at {tmp_path / 'none'}; --subtensor.network local:PATH names its file\n" in code.stderr
    )
    assert "is not pinned; run scripts/pin_competition.py" in code.stderr
