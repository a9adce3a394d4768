"""LoRA adapters: what they compute, and what they may ask for."""

import json
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM

from finetune.errors import ModelRejected, ScoringError
from finetune.evals.adapter import attach
from finetune.evals.runtime import load, load_model
from tests.finetune.evals.models import chat, scores, text

SAMPLES = [chat("sort: b a", "a b"), text("The quick brown fox")]


def figures(folder: Path, base: Path | None = None) -> list[float]:
    loaded = load(folder, base=base, dtype="float32", device="cpu")
    return scores(loaded, "reference", SAMPLES)


@pytest.fixture(scope="module")
def pair(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An adapter as peft saves it, its matrices at random, and the same merged into the base."""
    from peft import LoraConfig, get_peft_model

    folder = tmp_path_factory.mktemp("adapters")
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"], init_lora_weights=False)
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore", FutureWarning)
        torch.manual_seed(1)
        model = get_peft_model(LlamaForCausalLM.from_pretrained(tiny), config)
        model.save_pretrained(folder / "adapter")
        model.merge_and_unload().save_pretrained(folder / "merged")
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(tiny / name, folder / "merged")
    return folder / "adapter", folder / "merged"


@pytest.fixture
def adapter(pair: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the adapter, for breaking."""
    return Path(shutil.copytree(pair[0], tmp_path / "adapter"))


def edit(adapter: Path, **changes: Any) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps(config | changes))


def test_an_adapter_over_its_base_scores_like_the_merged_model(tiny: Path, pair: tuple[Path, Path]):
    adapter, merged = pair
    over_base = figures(adapter, tiny)
    assert over_base == pytest.approx(figures(merged), abs=1e-5)
    assert over_base != pytest.approx(figures(tiny), abs=0.01)


def test_what_an_adapter_says_of_its_base_and_its_training_changes_nothing(tiny: Path, adapter: Path):
    before = figures(adapter, tiny)
    edit(adapter, base_model_name_or_path="/etc", revision="main", init_lora_weights=False, lora_dropout=0.9)
    edit(adapter, auto_mapping={"base_model_class": "os.system"})
    assert figures(adapter, tiny) == before


def test_a_scale_by_the_root_of_the_rank_is_obeyed(tiny: Path, adapter: Path):
    plain = figures(adapter, tiny)
    edit(adapter, use_rslora=True, lora_alpha=4)
    # 4 / sqrt(4) is 8 / 4.
    assert figures(adapter, tiny) == pytest.approx(plain, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target_modules": ["nonsense"]}, "loading the adapter"),
        ({"target_modules": "(a+)+$"}, "target_modules; allowed is a list of plain module names"),
        ({"r": 10**9}, "has 1000000000 for r;"),
        ({"use_dora": True}, "use_dora; allowed is nothing"),
        ({"a_key_of_tomorrow": 1}, "a_key_of_tomorrow; allowed is nothing"),
    ],
)
def test_what_is_not_plain_lora_is_refused_by_the_gate(tiny: Path, adapter: Path, changes: dict[str, Any], said: str):
    edit(adapter, **changes)
    with pytest.raises(ScoringError, match=said):
        figures(adapter, tiny)


@pytest.mark.parametrize(
    ("targets", "found"),
    [
        (["embed_tokens"], "model.embed_tokens, which is of class Embedding"),
        (["lm_head"], "lm_head, which is the head"),
        (["q_proj", "lm_head"], "lm_head, which is the head"),
        (["q_proj", "act_fn"], "model.layers.0.mlp.act_fn, which is of class SiLUActivation"),
        (["q_proj", "model.norm"], "model.norm, which is of class LlamaRMSNorm"),
    ],
)
def test_only_matrices_inside_the_layers_take_lora_and_the_base_stays_what_it_was(
    tiny: Path, tmp_path: Path, targets: list[str], found: str
):
    """The library saves and loads a targeted embedding whole: the base under it would be the adapter's from then on."""
    from peft import LoraConfig, get_peft_model

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        possible = [name for name in targets if name in ("q_proj", "embed_tokens", "lm_head")]
        written = get_peft_model(LlamaForCausalLM.from_pretrained(tiny), LoraConfig(r=2, target_modules=possible))
        with torch.no_grad():
            for weight in written.parameters():
                weight += 1
        written.save_pretrained(tmp_path)
    edit(tmp_path, target_modules=targets, task_type="CAUSAL_LM")
    model = load_model(tiny, dtype="float32", device="cpu")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ModelRejected, match=re.escape(found)) as caught:
        attach(model, tmp_path)
    assert caught.value.rejection.reason == "adapter_setting_not_allowed"
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())


@pytest.mark.parametrize("content", ["[]", "7", "{", "[" * 100_000, ""])
def test_a_configuration_that_is_no_object_is_refused(tiny: Path, adapter: Path, content: str):
    (adapter / "adapter_config.json").write_text(content)
    with pytest.raises(ScoringError, match="adapter"):
        figures(adapter, tiny)


@pytest.mark.parametrize("change", ["more", "fewer", "shape"])
def test_weights_that_are_not_the_configured_ones_are_refused(tiny: Path, adapter: Path, change: str):
    weights = load_file(adapter / "adapter_model.safetensors")
    name = next(iter(weights))
    other = {
        "more": weights | {"base_model.model.extra": torch.zeros(2)},
        "fewer": {key: weight for key, weight in weights.items() if key != name},
        "shape": weights | {name: torch.zeros(3, 3)},
    }
    save_file(other[change], adapter / "adapter_model.safetensors")
    with pytest.raises(ScoringError, match=r"tensor '.*' must be .*; found"):
        figures(adapter, tiny)


def test_an_adapter_without_weights_is_refused(tiny: Path, adapter: Path):
    (adapter / "adapter_model.safetensors").unlink()
    with pytest.raises(ScoringError, match="loading the adapter"):
        figures(adapter, tiny)
