"""Publishing by hand, as a process on a chain file and a hub on loopback: interrupted, and run again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bittensor as bt
import pytest

from finetune.chain.local import LocalChain
from finetune.hub.client import HubClient
from finetune.hub.server import LocalHub
from finetune.mining.tiny import build_tiny

ROOT = Path(__file__).parents[2]
REPOSITORY = "miner/sorter"


@dataclass(frozen=True, kw_only=True)
class Net:
    """A chain whose blocks come by hand, a hub, a registered hotkey, and a folder to publish."""

    root: Path
    chain: LocalChain
    endpoint: str

    def start(self) -> "subprocess.Popen[str]":
        variables = {
            "PATH": os.environ["PATH"],
            "HF_ENDPOINT": self.endpoint,
            "HF_TOKEN": "hf_miner",
            "WALLET_PATH": str(self.root / "wallets"),
            "WALLET_NAME": "cold",
            "WALLET_HOTKEY": "hot",
            "SUBTENSOR_NETWORK": f"local:{self.root / 'chain.sqlite'}",
            "CATALOG": str(self.root / "catalog"),
            "MODEL_DIR": str(self.root / "miner"),
            "COMPETITION_ID": "1",
        }
        flags = ["--load_model_dir", str(self.root / "model"), "--hf_repo_id", REPOSITORY]
        return subprocess.Popen(
            [sys.executable, str(ROOT / "scripts" / "upload_model.py"), *flags],
            cwd=self.root,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def revisions(self) -> int:
        history = HubClient(self.endpoint, "hf_miner").history(REPOSITORY, back_to=0.0)
        return len(history)

    def is_private(self) -> bool:
        return HubClient(self.endpoint, "hf_miner").listing(REPOSITORY, None).private


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    wallet = bt.Wallet(name="cold", hotkey="hot", path=str(tmp_path / "wallets"))
    wallet.create_new_coldkey(use_password=False, suppress=True)
    wallet.create_new_hotkey(suppress=True)
    (tmp_path / "catalog").mkdir()
    tiny = ROOT / "competitions" / "rehearsal" / "tiny.toml"
    (tmp_path / "catalog" / "tiny.toml").write_text(tiny.read_text().replace('"reference"\n', '"any"\n', 1))
    build_tiny(tmp_path / "model", hidden=24, layers=1)
    with (
        LocalHub(tmp_path / "hub", {"miner": "hf_miner"}) as hub,
        LocalChain.create(tmp_path / "chain.sqlite", seed="net") as chain,
    ):
        chain.register(wallet.hotkey, "cold")
        chain.advance()
        yield Net(root=tmp_path, chain=chain, endpoint=hub.endpoint)


def test_interrupted_while_it_waits_and_run_again_it_neither_uploads_nor_commits_twice(net: Net):
    with net.start() as process:
        assert process.stdout is not None
        waiting = next(line for line in process.stdout if not line.startswith("gates: "))
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert waiting == "block 1; waiting for 2\n", waiting + said
    assert process.returncode == 130
    assert "run the same command again and it goes on from here" in said
    assert net.is_private()
    uploaded = net.revisions()

    net.chain.advance(11)
    (first,) = net.chain.commitments(net.chain.block())
    with net.start() as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert said.endswith("stands on chain since block 2\n")
    assert not net.is_private()
    net.chain.advance()
    assert net.chain.commitments(net.chain.block()) == (first,)
    assert net.revisions() == uploaded


def test_help_comes_before_any_library_is_loaded():
    script = "import sys; import scripts.upload_model as one\ntry: one.main(['--help'], {})\nexcept SystemExit: pass\n"
    script += "print(sorted({'torch', 'transformers', 'huggingface_hub', 'bittensor'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "--give_up_seat" in run.stdout
    assert "HF_TOKEN" in run.stdout
    assert run.stdout.endswith("[]\n")
