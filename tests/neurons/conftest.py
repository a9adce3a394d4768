"""A miner's surroundings on this machine: a chain with a registered hotkey, a hub, a folder."""

import time
from collections.abc import Iterator
from pathlib import Path

import bittensor as bt
import pytest

from finetune.chain.local import LocalChain, LocalSettings
from finetune.evals.scorer import LocalScorer
from finetune.hub.server import LocalHub
from finetune.mining.tiny import build_tiny
from neurons import checking, publishing

ROOT = Path(__file__).parents[2]
MINER = "miner"


@pytest.fixture
def variables(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the miner's process is told, on a chain whose blocks come by the clock, with a registered hotkey."""
    wallet = bt.Wallet(name="cold", hotkey="hot", path=str(tmp_path / "wallets"))
    wallet.create_new_coldkey(use_password=False, suppress=True)
    wallet.create_new_hotkey(suppress=True)
    settings = LocalSettings(tempo=20, block_seconds=0.2)
    with (
        LocalHub(tmp_path / "hub", {MINER: "hf_miner", "owner": "hf_owner"}, readers={MINER: "hf_reader"}) as hub,
        LocalChain.create(tmp_path / "chain.sqlite", seed="net", settings=settings) as chain,
    ):
        chain.register(wallet.hotkey, "cold")
        while not chain.metagraph().neurons:
            time.sleep(0.05)
        build_tiny(tmp_path / "model", hidden=24, layers=1)
        yield {
            "HF_ENDPOINT": hub.endpoint,
            "HF_TOKEN": "hf_miner",
            "WALLET_PATH": str(tmp_path / "wallets"),
            "WALLET_NAME": "cold",
            "WALLET_HOTKEY": "hot",
            "SUBTENSOR_NETWORK": f"local:{tmp_path / 'chain.sqlite'}",
            "CATALOG": str(ROOT / "competitions" / "rehearsal"),
            "MODEL_DIR": str(tmp_path / "miner"),
            "QUOTA_GB": "1",
        }


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between looks at the chain, and no process of its own for the miner's own model: both take seconds."""
    monkeypatch.setattr(publishing, "_POLL_SECONDS", 0.05)
    monkeypatch.setattr(checking, "open_scorer", lambda options, level, held: LocalScorer(device=options.device))
