"""Tiny random models of every architecture that can be loaded, in the variants that their configurations allow."""

import copy
from pathlib import Path
from typing import Any

import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel

from finetune.evals.quiet import quiet

ROWS = 48
_SIZES = {
    "vocab_size": ROWS,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 40,
    "max_position_embeddings": 64,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 3,
}
_GROUPED = {"num_key_value_heads": 2, "rms_norm_eps": 1e-4}
_OWN_HEAD = _GROUPED | {"head_dim": 16}
_SLIDING = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 4}
_PLAIN: dict[str, dict[str, Any]] = {
    "llama": _GROUPED,
    "mistral": _GROUPED,
    "qwen2": _GROUPED,
    "qwen3": _OWN_HEAD,
    "gemma": _OWN_HEAD,
    "gemma2": _OWN_HEAD,
    "gemma3_text": _OWN_HEAD,
    "phi": {"layer_norm_eps": 1e-4},
    "phi3": {"rms_norm_eps": 1e-4},
    "gpt_neox": {"layer_norm_eps": 1e-4, "num_attention_heads": 2},
    "falcon": {"layer_norm_epsilon": 1e-4, "ffn_hidden_size": 40},
}


def _rope(kind: str, **more: object) -> dict[str, Any]:
    return {"rope_parameters": {"rope_type": kind, "rope_theta": 500.0, **more}}


_LLAMA3 = _rope("llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16)
_LONGROPE = _rope("longrope", short_factor=[1.1, 1.2, 1.3, 1.4], long_factor=[2.0, 3.0, 4.0, 5.0])
_YARN = _rope(
    "yarn",
    factor=4.0,
    original_max_position_embeddings=1024,
    beta_fast=16,
    beta_slow=2,
    mscale=0.7,
    mscale_all_dim=0.9,
    truncate=False,
)
_BY_LAYER = {
    "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 900.0},
    "sliding_attention": {"rope_type": "default", "rope_theta": 300.0},
}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"{family}, tied": (family, {"tie_word_embeddings": True}) for family in _PLAIN},
    **{f"{family}, untied": (family, {"tie_word_embeddings": False}) for family in _PLAIN},
    "llama, llama3 rope": ("llama", _LLAMA3),
    "llama, linear rope": ("llama", _rope("linear", factor=4.0)),
    "llama, yarn rope": ("llama", _YARN),
    "llama, yarn rope, given attention": ("llama", _rope("yarn", factor=4.0, attention_factor=1.5)),
    "llama, biases": ("llama", {"attention_bias": True, "mlp_bias": True, "hidden_act": "gelu"}),
    "llama, all heads": ("llama", {"num_key_value_heads": None, "head_dim": 16}),
    "mistral, window": ("mistral", {"sliding_window": 4, "head_dim": 16, "hidden_act": "relu"}),
    "mistral, no window": ("mistral", {"sliding_window": None}),
    "qwen2, windows": ("qwen2", {"use_sliding_window": True, "head_dim": 16, "hidden_act": "gelu"} | _SLIDING),
    "qwen3, windows": ("qwen3", {"use_sliding_window": True, "attention_bias": True, "hidden_act": "relu"} | _SLIDING),
    "gemma, biases": ("gemma", {"attention_bias": True, "hidden_act": "silu"} | _rope("linear", factor=2.0)),
    "gemma2, windows": (
        "gemma2",
        _SLIDING
        | {"attn_logit_softcapping": None, "final_logit_softcapping": 2.0, "query_pre_attn_scalar": 9}
        | {"attention_bias": True, "hidden_activation": "silu", "layer_types": ["full_attention", "sliding_attention"]},
    ),
    "gemma3, windows": (
        "gemma3_text",
        _SLIDING
        | {"attn_logit_softcapping": 2.0, "final_logit_softcapping": 2.0, "query_pre_attn_scalar": 9}
        | {"attention_bias": True, "hidden_activation": "silu", "rope_parameters": _BY_LAYER},
    ),
    "phi, norms": ("phi", {"qk_layernorm": True, "num_key_value_heads": 2, "hidden_act": "relu"}),
    "phi, share of rope": ("phi", _rope("default", partial_rotary_factor=0.25)),
    "phi, head": ("phi", {"head_dim": 16}),
    "phi3, long rope": ("phi3", _LONGROPE | {"original_max_position_embeddings": 16, "num_key_value_heads": 2}),
    "phi3, window": ("phi3", {"sliding_window": 4, "hidden_act": "gelu", "head_dim": 16}),
    "gpt_neox, one after the other": ("gpt_neox", {"use_parallel_residual": False, "attention_bias": False}),
    "gpt_neox, share of rope": ("gpt_neox", _rope("default", partial_rotary_factor=0.5) | {"hidden_act": "relu"}),
    "falcon, alibi": ("falcon", {"alibi": True, "bias": True, "multi_query": False, "parallel_attn": False}),
    "falcon, new": ("falcon", {"new_decoder_architecture": True, "num_kv_heads": 2, "activation": "relu"}),
    "falcon, new, one norm": (
        "falcon",
        {"new_decoder_architecture": True, "num_kv_heads": 4, "num_ln_in_parallel_attn": 1},
    ),
}


def variant_config(name: str) -> PretrainedConfig:
    """The configuration of the variant."""
    # The library writes its defaults into the objects it is given.
    family, more = copy.deepcopy(VARIANTS[name])
    return CONFIG_MAPPING[family](**_SIZES | _PLAIN[family] | more)


def random_model(name: str) -> PreTrainedModel:
    """A random model of the variant, the same weights every time."""
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(variant_config(name))
        with torch.no_grad():
            # Fresh biases are zero and fresh norms one: a difference there would show in no logit.
            for weight in model.parameters():
                weight.add_(torch.randn_like(weight), alpha=0.3)
    return model.eval()


def save_variant(name: str, folder: Path) -> Path:
    """Save the random model of the variant into `folder`, as its library does."""
    with quiet():
        random_model(name).save_pretrained(folder)
    return folder


def logits(folder: Path) -> torch.Tensor:
    """What the model in `folder` says to 24 tokens, shape (24, vocabulary), by the library's own way of loading."""
    with quiet():
        model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    with torch.no_grad():
        found: torch.Tensor = model(torch.arange(24)[None] * 7 % 48).logits[0]
    return found


# One of each family, with a sliding window, a bound on its logits or an oddity where it knows one.
NAMES = [
    *("llama, tied", "llama, llama3 rope", "mistral, window", "qwen2, windows", "qwen3, windows", "gemma, biases"),
    *("gemma2, windows", "gemma3, windows", "phi, norms", "phi3, window", "phi3, long rope", "gpt_neox, tied"),
    *("falcon, alibi", "falcon, new"),
]
