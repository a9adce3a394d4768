import json

import pytest

from finetune.hub.config_gate import check_adapter_config, check_model_config, rebuilt_config
from finetune.hub.config_rebuild import Rebuilt

ARCHITECTURES = ("LlamaForCausalLM", "Qwen3ForCausalLM")
MODEL = {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "vocab_size": 16,
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 4,
    "quantization_config": None,
}
ADAPTER = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj", "self_attn.v_proj"]}


@pytest.fixture
def config(tmp_path):
    def write(content):
        file = tmp_path / "config.json"
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return file

    return write


def test_an_honest_model_config_passes(config):
    assert check_model_config(config(MODEL), ARCHITECTURES) is None


def test_a_model_config_that_cannot_be_rebuilt_is_rejected_with_the_reason(config):
    rejection = check_model_config(config(MODEL | {"is_causal": False}), ARCHITECTURES)
    assert rejection
    assert rejection.reason == "forbidden_config_key"
    rejection = check_model_config(config(MODEL), ("LlamaForCausalLM",))
    assert rejection
    assert rejection.reason == "architecture_not_allowed"


def test_the_rebuilt_config_of_a_file_says_what_was_left_out(config):
    found = rebuilt_config(config(MODEL), ARCHITECTURES)
    assert isinstance(found, Rebuilt)
    assert found.config["hidden_size"] == 8
    assert found.dropped == ("quantization_config",)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"a": 1, "a": 2}', b'{"a": Infinity}', b"\xff\xfe{\x00}\x00", b"{" + b" " * 1024**2]
)
def test_a_config_that_is_not_small_sound_json_is_rejected(content, config):
    file = config(content)
    for rejection in (check_model_config(file, ARCHITECTURES), check_adapter_config(file)):
        assert rejection
        assert rejection.reason == "malformed_config"


def test_an_honest_adapter_config_passes_whatever_base_it_names(config):
    written = {
        "base_model_name_or_path": "/root/secret",
        "auto_mapping": {"base_model_class": "LlamaForCausalLM", "parent_library": "transformers"},
        "modules_to_save": None,
        "rank_pattern": {},
        "lora_bias": False,
    }
    assert check_adapter_config(config(ADAPTER | written)) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("peft_type", "LOHA"),
        ("peft_type", None),
        ("r", 0),
        ("r", 513),
        ("r", True),
        ("r", 8.0),
        ("lora_alpha", 0),
        ("lora_alpha", 1e9),
        ("lora_alpha", "16"),
        ("lora_dropout", 2),
        ("bias", "all"),
        ("target_modules", ".*(a+)+$"),
        ("target_modules", "all-linear"),
        ("target_modules", ["(a+)+$"]),
        ("target_modules", [".*"]),
        ("target_modules", ["q_proj\n"]),
        ("target_modules", []),
        ("target_modules", [1]),
        ("target_modules", ["a"] * 1025),
        ("exclude_modules", "(a+)+$"),
        ("modules_to_save", ["lm_head"]),
        ("layers_pattern", "(a+)+"),
        ("layers_to_transform", [1]),
        ("rank_pattern", {"(a+)+$": 4}),
        ("alpha_pattern", {"(a+)+$": 4}),
        ("init_lora_weights", "pissa_niter_1000000000"),
        ("init_lora_weights", "gaussian"),
        ("loftq_config", {"loftq_bits": 4}),
        ("eva_config", {"rho": 2}),
        ("layer_replication", [[0, 1000000]]),
        ("megatron_config", {"a": 1}),
        ("megatron_core", "os"),
        ("target_parameters", ["x"]),
        ("auto_mapping", {"base_model_class": ["X"]}),
        ("a_key_of_the_future", 1),
        ("base_model_name_or_path", "x" * 513),
    ],
)
def test_an_adapter_that_asks_for_more_than_plain_lora_is_rejected(key, value, config):
    rejection = check_adapter_config(config(ADAPTER | {key: value}))
    assert rejection
    assert rejection.reason == "adapter_setting_not_allowed"
    assert key in rejection.text
    assert "allowed is" in rejection.text


@pytest.mark.parametrize("change", [{"half \ud800": 1}, {"r": "half \ud800"}, {"r": "\x1b[31m"}])
def test_what_an_adapter_config_held_is_shown_as_plain_text(change, config):
    rejection = check_adapter_config(config(ADAPTER | change))
    assert rejection
    assert rejection.text.encode("utf-8").isascii()
    assert rejection.text.isprintable()


@pytest.mark.parametrize("key", ADAPTER)
def test_an_adapter_must_name_what_matters(key, config):
    rejection = check_adapter_config(config({name: value for name, value in ADAPTER.items() if name != key}))
    assert rejection
    assert key in rejection.text
