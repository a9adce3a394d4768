"""The architectures that can be loaded, and for each the keys of config.json that shape its forward pass.

Every other key is left out of the rebuilt configuration: dropouts, initialisation, caches and token ids change no
logit. The ranges hold every published model of its family with room to spare, and keep out what eats memory, divides
by zero or overflows. Key names are those of transformers 5 and of the files that its older releases wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from finetune.hub.config_rules import Rule, flag, number, numbers, or_null, required, table, whole, word, words

MAX_LAYERS = 256  # 126 in a published 405B model
MAX_HIDDEN = 32_768  # 16,384 there
MAX_HEADS = 512  # 232 in a published 180B model
MAX_POSITIONS = 1 << 24  # 10 million in the longest published


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """An architecture: its `model_type` in config.json, and the rules of the keys that it keeps."""

    model_type: str
    keys: Mapping[str, Rule]


# Activations without parameters of their own. Both names of the same one are in use.
_ACTIVATION = word(
    "silu", "swish", "gelu", "gelu_new", "gelu_fast", "gelu_python", "gelu_pytorch_tanh", "quick_gelu", "relu", "relu2"
)
_HEADS = whole(1, MAX_HEADS)
_HEAD_SIZE = whole(2, 1024)  # 256 is the largest published
_WIDTH = whole(1, 8 * MAX_HIDDEN)
_WINDOW = whole(1, MAX_POSITIONS)
_EPSILON = number(1e-12, 1e-2)
_SOFTCAP = or_null(number(1.0, 1e4))
_LAYER_TYPES = or_null(words("full_attention", "sliding_attention", up_to=MAX_LAYERS))

# Bases near 1 have a logarithm of zero; the longest contexts use some 5e10.
_THETA = number(100, 1e12)
_ROTARY_SHARE = number(0.01, 1)
_ORIGINAL_POSITIONS = whole(16, MAX_POSITIONS)
_FACTORS = numbers(0.01, 1e4, up_to=512)
_ROPE_KEYS = {
    # "type" is the older spelling.
    **dict.fromkeys(("rope_type", "type"), word("default", "linear", "yarn", "llama3", "longrope")),
    "rope_theta": _THETA,
    "partial_rotary_factor": _ROTARY_SHARE,
    "factor": or_null(number(1, 1e4)),
    "original_max_position_embeddings": _ORIGINAL_POSITIONS,
    "attention_factor": or_null(number(0.01, 100)),
    "beta_fast": or_null(number(0.01, 1e4)),
    "beta_slow": or_null(number(0.01, 1e4)),
    "mscale": or_null(number(0, 100)),
    "mscale_all_dim": or_null(number(0, 100)),
    "truncate": flag(),
    "low_freq_factor": number(0.01, 1e4),
    "high_freq_factor": number(0.01, 1e4),
    "short_factor": _FACTORS,
    "long_factor": _FACTORS,
}
_ROPE_BY_LAYER = dict.fromkeys(("full_attention", "sliding_attention"), or_null(table(_ROPE_KEYS)))

_SIZES = {
    "vocab_size": required(whole(1, 1_000_000)),
    "hidden_size": required(whole(1, MAX_HIDDEN)),
    "num_hidden_layers": required(whole(1, MAX_LAYERS)),
    "num_attention_heads": required(_HEADS),
    "max_position_embeddings": whole(1, MAX_POSITIONS),
    "tie_word_embeddings": flag(),
}
_ROPE = {
    "rope_parameters": or_null(table(_ROPE_KEYS)),
    "rope_scaling": or_null(table(_ROPE_KEYS)),
    "rope_theta": _THETA,
    "partial_rotary_factor": _ROTARY_SHARE,
    "original_max_position_embeddings": _ORIGINAL_POSITIONS,
}
_GATED = _SIZES | _ROPE | {"intermediate_size": required(_WIDTH), "rms_norm_eps": _EPSILON}

_LLAMA = _GATED | {
    "num_key_value_heads": or_null(_HEADS),
    "head_dim": or_null(_HEAD_SIZE),
    "hidden_act": _ACTIVATION,
    "attention_bias": flag(),
    "mlp_bias": flag(),
}
_MISTRAL = _GATED | {
    "num_key_value_heads": required(_HEADS),
    "head_dim": or_null(_HEAD_SIZE),
    "hidden_act": _ACTIVATION,
    "sliding_window": or_null(_WINDOW),
}
_QWEN2 = _GATED | {
    "num_key_value_heads": required(_HEADS),
    "head_dim": _HEAD_SIZE,
    "hidden_act": _ACTIVATION,
    "use_sliding_window": flag(),
    "sliding_window": or_null(_WINDOW),
    "max_window_layers": whole(0, MAX_POSITIONS),
    "layer_types": _LAYER_TYPES,
}
_QWEN3 = _QWEN2 | {"head_dim": required(_HEAD_SIZE), "attention_bias": flag()}
_GEMMA = _GATED | {
    "num_key_value_heads": required(_HEADS),
    "head_dim": required(_HEAD_SIZE),
    "hidden_act": _ACTIVATION,
    "attention_bias": flag(),
}
_GEMMA2 = {key: rule for key, rule in _GEMMA.items() if key != "hidden_act"} | {
    "hidden_activation": _ACTIVATION,
    "query_pre_attn_scalar": whole(1, 1 << 16),
    "attn_logit_softcapping": _SOFTCAP,
    "final_logit_softcapping": _SOFTCAP,
    "sliding_window": or_null(_WINDOW),
    "layer_types": _LAYER_TYPES,
}
_GEMMA3 = _GEMMA2 | {
    "rope_parameters": or_null(table(_ROPE_BY_LAYER)),
    "rope_local_base_freq": _THETA,
    "sliding_window_pattern": whole(1, MAX_LAYERS),
}
_PHI = (
    _SIZES
    | _ROPE
    | {
        "intermediate_size": required(_WIDTH),
        "num_key_value_heads": or_null(_HEADS),
        "head_dim": _HEAD_SIZE,
        "hidden_act": _ACTIVATION,
        "layer_norm_eps": _EPSILON,
        "qk_layernorm": flag(),
    }
)
_PHI3 = _GATED | {
    "num_key_value_heads": or_null(_HEADS),
    "head_dim": _HEAD_SIZE,
    "hidden_act": _ACTIVATION,
    "sliding_window": or_null(_WINDOW),
}
_GPT_NEOX = (
    _SIZES
    | _ROPE
    | {
        "intermediate_size": required(_WIDTH),
        "hidden_act": _ACTIVATION,
        "layer_norm_eps": _EPSILON,
        "attention_bias": flag(),
        "use_parallel_residual": flag(),
        "rotary_pct": _ROTARY_SHARE,
        "rotary_emb_base": _THETA,
    }
)
_FALCON = (
    _SIZES
    | _ROPE
    | {
        "num_kv_heads": or_null(_HEADS),
        "ffn_hidden_size": or_null(_WIDTH),
        "activation": _ACTIVATION,
        "layer_norm_epsilon": _EPSILON,
        "num_ln_in_parallel_attn": or_null(whole(1, 2)),
        **dict.fromkeys(("alibi", "bias", "multi_query", "new_decoder_architecture", "parallel_attn"), or_null(flag())),
    }
)

ARCHITECTURES: Mapping[str, Architecture] = {
    "FalconForCausalLM": Architecture(model_type="falcon", keys=_FALCON),
    "GPTNeoXForCausalLM": Architecture(model_type="gpt_neox", keys=_GPT_NEOX),
    "Gemma2ForCausalLM": Architecture(model_type="gemma2", keys=_GEMMA2),
    "Gemma3ForCausalLM": Architecture(model_type="gemma3_text", keys=_GEMMA3),
    "GemmaForCausalLM": Architecture(model_type="gemma", keys=_GEMMA),
    "LlamaForCausalLM": Architecture(model_type="llama", keys=_LLAMA),
    "MistralForCausalLM": Architecture(model_type="mistral", keys=_MISTRAL),
    "Phi3ForCausalLM": Architecture(model_type="phi3", keys=_PHI3),
    "PhiForCausalLM": Architecture(model_type="phi", keys=_PHI),
    "Qwen2ForCausalLM": Architecture(model_type="qwen2", keys=_QWEN2),
    "Qwen3ForCausalLM": Architecture(model_type="qwen3", keys=_QWEN3),
}
