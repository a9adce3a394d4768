"""Tiny folders that pass every gate, and a local hub to put them on."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx2
import numpy as np
import pytest
from safetensors.numpy import save_file

from competitions.competition import Constraints, Pinned
from finetune.hub.server import LocalHub
from tests.finetune.hub.configs import SMALLEST

USERS = {"ada": "token-of-ada", "bob": "token-of-bob"}
ADAPTER_CONFIG = {
    "peft_type": "LORA",
    "task_type": "CAUSAL_LM",
    "r": 2,
    "lora_alpha": 4,
    "target_modules": ["q_proj"],
    "init_lora_weights": True,
    "base_model_name_or_path": "/etc",
}
TENSORS = {
    "model.embed": np.arange(12, dtype=np.float32).reshape(3, 4),
    "lm_head": np.arange(8, dtype=np.float16).reshape(4, 2),
}

Folder = Callable[..., Path]


@pytest.fixture
def model_folder(tmp_path: Path) -> Folder:
    """Makes a full model of 20 parameters: `model_folder("name", {"extra.txt": b"..."})`."""

    def make(name: str = "model", files: Mapping[str, bytes] | None = None) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(SMALLEST))
        (folder / "tokenizer.json").write_text("{}")
        save_file(TENSORS, folder / "model.safetensors")
        for path, content in (files or {}).items():
            (folder / path).write_bytes(content)
        return folder

    return make


@pytest.fixture
def adapter_folder(tmp_path: Path) -> Folder:
    """Makes a LoRA adapter of 20 parameters."""

    def make(name: str = "adapter") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "adapter_config.json").write_text(json.dumps(ADAPTER_CONFIG))
        save_file(TENSORS, folder / "adapter_model.safetensors")
        return folder

    return make


@pytest.fixture
def constraints() -> Constraints:
    return Constraints(
        architectures=("LlamaForCausalLM",),
        min_parameters=10,
        max_parameters=30,
        max_bytes=10_000,
        sequence_length=64,
        lora="allowed",
        bases=(Pinned(repository="meta/base", revision="0" * 40, digest="0" * 64),),
    )


@pytest.fixture(scope="session")
def _running_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub"), USERS) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[httpx2.Client]:
    """A plain HTTP client; one for all tests, because making one reads every certificate of this machine."""
    with httpx2.Client(trust_env=False) as client:
        yield client


@pytest.fixture
def hub(_running_hub: LocalHub, browser: httpx2.Client) -> Iterator[LocalHub]:
    """A hub of ada and bob without repositories. It runs through all tests, because a start costs 0.3 s."""
    yield _running_hub
    for user, token in USERS.items():
        browser.request(
            "DELETE",
            f"{_running_hub.endpoint}/api/repos/delete",
            json={"name": "m", "organization": user},
            headers={"Authorization": f"Bearer {token}"},
        )


@pytest.fixture
def hub_root(tmp_path: Path) -> Path:
    return tmp_path / "hub"


@pytest.fixture
def own_hub(hub_root: Path) -> Iterator[LocalHub]:
    """A hub whose disk under `hub_root` a test may tamper with."""
    with LocalHub(hub_root, USERS) as running:
        yield running
