"""One round with nothing doubled: real tiny Llamas, trained, pinned, published and scored on this machine."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from competitions.competition import Competition, Pinned, Reference, Round
from finetune.evals.isolated import IsolatedScorer
from finetune.evals.scorer import LocalScorer
from finetune.hub.cache import ModelCache
from finetune.isolation.trial import find_level
from finetune.mining.practice import practice_samples
from finetune.mining.publish import publish
from finetune.mining.tiny import build_tiny
from finetune.mining.train import Lora, Recipe, train
from finetune.signing import signed_by
from finetune.streams.registry import open_stream
from finetune.streams.sources import Window
from finetune.validating.pin import pin
from tests.finetune.validating.subnet import Subnet, Warehouse, address, key

PAST = Window(start=0.0, end=0.0)
RECIPE = Recipe(steps=25, batch_size=4, learning_rate=5e-3, warmup_steps=5, sequence_length=256)


@pytest.fixture(scope="module")
def base(memory: Path) -> Path:
    folder = memory / "tiny-base"
    build_tiny(folder, hidden=48, layers=2)
    return folder


@pytest.fixture(scope="module")
def real(competition: Competition, warehouse: Warehouse, base: Path, memory: Path) -> Competition:
    """Twenty batches of one sample, any tokenizer, full models and adapters; pinned to the untrained model."""
    uploaded = warehouse.upload(base)
    constraints = replace(
        competition.constraints,
        max_parameters=1_000_000,
        max_bytes=10_000_000,
        sequence_length=256,
        lora="allowed",
        bases=(Pinned(repository=uploaded.repository),),
    )
    unpinned = replace(
        competition,
        constraints=constraints,
        reference=Reference(repository=uploaded.repository),
        round=Round(sync_blocks=20, eval_delay=5, batches=20, batch_size=1, challengers=8),
    )
    with ModelCache(memory / "owner-cache", 100_000_000) as cache:
        return pin(unpinned, warehouse.hub(), cache, LocalScorer(), open_stream)


@pytest.fixture
def subnet(open_subnet, real: Competition) -> Iterator[Subnet]:
    return open_subnet(real)


def submit(subnet: Subnet, warehouse: Warehouse, name: str, folder: Path) -> str:
    """A miner publishes as miners do; gives the key of its submission."""
    subnet.join(name)
    done = publish(
        folder,
        repository=f"miner/real-{name}",
        competition=subnet.catalog.competitions[0],
        hotkey=key(name),
        hub=warehouse.hub("miner"),
        chain=subnet.chain,
        wait_for=lambda block: subnet.chain.advance(block - subnet.chain.block()) and None,
    )
    return f"{address(name)}@{done.block}"


def test_a_trained_model_wins_and_what_only_looks_like_a_model_is_its_own_fault(
    subnet, warehouse, real, base, tmp_path
):
    train(base, tmp_path / "full", practice_samples(real, 1, open_stream, PAST), RECIPE)
    lora = replace(RECIPE, steps=2, lora=Lora(rank=2, alpha=4.0, targets=("up_proj",)))
    train(base, tmp_path / "adapter", practice_samples(real, 2, open_stream, PAST), lora)
    for name in ("no-tokenizer", "other-weights"):
        train(
            base,
            tmp_path / name,
            practice_samples(real, 3, open_stream, PAST),
            replace(RECIPE, steps=1, seed=len(name)),
        )
    (tmp_path / "no-tokenizer" / "tokenizer.json").write_text('{"version": "1.0", "model": {"type": "Evil"}}')
    weights = tmp_path / "other-weights" / "model.safetensors"
    save_file({f"{name}.x": tensor for name, tensor in load_file(weights).items()}, weights, metadata={"format": "pt"})

    keys = {name: submit(subnet, warehouse, name, tmp_path / name) for name in ("full", "adapter")}
    keys |= {name: submit(subnet, warehouse, name, tmp_path / name) for name in ("no-tokenizer", "other-weights")}
    keys["copy"] = submit(subnet, warehouse, "copy", tmp_path / "full")
    level = find_level(unsafe=True)
    with IsolatedScorer(level=level) as scorer:
        node = subnet.node(scorer=scorer, cache_bytes=100_000_000)
        sync = subnet.play(node)

    record = node.record(sync)
    assert node.champion().key == keys["full"]
    assert {name: record["rejections"][keys[name]]["reason"] for name in ("no-tokenizer", "other-weights", "copy")} == {
        "no-tokenizer": "cannot_be_scored",
        "other-weights": "missing_tensor",
        "copy": "same_weights",
    }
    assert set(record["losses"]) == {"reference", keys["full"], keys["adapter"]}
    assert record["control"] == pytest.approx(real.reference.control_losses, abs=1e-6)
    assert record["isolation"] == level
    assert "transformers_version" in record["dropped_config_keys"][keys["full"]]
    assert signed_by(node.report(sync)) == address("north")
    node.kill()

    again = subnet.node(scorer=LocalScorer(), cache_bytes=100_000_000)
    subnet.play(again)
    assert again.champion().key == keys["full"]
