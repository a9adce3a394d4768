"""What the usual libraries write passes the gates as it is."""

import pytest

from finetune.hub.digest import folder_digest, secure_hash, tensor_digest
from finetune.hub.gates import check_folder, check_listing
from finetune.hub.port import HubFile, Listing


@pytest.fixture
def model():
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=16, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2, head_dim=4
        )
    )


def rejections(folder, constraints):
    digest = folder_digest(folder)
    files = tuple(HubFile(path=path.name, size=path.stat().st_size) for path in folder.iterdir())
    listing = Listing(repository="ada/m", revision="1" * 40, private=False, files=files)
    wide = type(constraints)(
        architectures=("LlamaForCausalLM",),
        max_parameters=10_000,
        max_bytes=10**6,
        sequence_length=64,
        lora="allowed",
        bases=constraints.bases,
    )
    committed = secure_hash(digest, "5Ada")
    return [
        check_listing(listing, wide),
        check_folder(folder, digest=digest, committed=committed, hotkey="5Ada", constraints=wide),
    ]


def test_a_saved_model_passes_whole_or_in_parts_with_the_same_tensor_digest(model, tmp_path, constraints):
    for name, size in (("whole", "1GB"), ("parts", "1KB")):
        model.save_pretrained(tmp_path / name, max_shard_size=size)
        (tmp_path / name / "tokenizer.json").write_text("{}")
        assert rejections(tmp_path / name, constraints) == [None, None]
    assert len(list((tmp_path / "parts").glob("*.safetensors"))) > 1
    assert tensor_digest(tmp_path / "whole") == tensor_digest(tmp_path / "parts")


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_a_saved_adapter_passes(model, tmp_path, constraints):
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    get_peft_model(model, config).save_pretrained(tmp_path / "adapter")
    assert rejections(tmp_path / "adapter", constraints) == [None, None]
