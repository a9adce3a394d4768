import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from competitions.rejection import Rejection
from finetune.hub.architectures import ARCHITECTURES, MAX_LAYERS
from finetune.hub.config_rebuild import FORBIDDEN_KEYS, MAX_KEYS, Rebuilt, rebuild
from tests.finetune.hub.configs import (
    FALCON_7B,
    GEMMA2_2B,
    GEMMA3_1B,
    LLAMA_31_8B,
    MISTRAL_7B,
    PHI3_MINI_128K,
    PHI_2,
    PUBLISHED,
    PYTHIA_1B,
    QWEN3_8B,
    QWEN25_7B,
)

ALL = tuple(ARCHITECTURES)
IDS = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
LLAMA3 = LLAMA_31_8B["rope_scaling"]


def rebuilt(config):
    found = rebuild(config, ALL)
    assert isinstance(found, Rebuilt), found
    return found


def rejected(config):
    found = rebuild(config, ALL)
    assert isinstance(found, Rejection), found
    assert len(found.text) < 600
    json.dumps(found.text + repr(found.evidence)).encode("utf-8")
    found.text.encode("utf-8")
    return found


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_config_keeps_its_values_and_names_what_was_left_out(name):
    config, _ = PUBLISHED[name]
    found = rebuilt(config)
    kept = {key: value for key, value in found.config.items() if key not in IDS}
    assert kept == {key: config[key] for key in kept}
    assert set(found.dropped) == config.keys() - kept.keys()
    assert found.dropped == tuple(sorted(found.dropped))
    assert {key: found.config[key] for key in IDS} == IDS


def test_rebuilding_what_was_rebuilt_changes_nothing():
    for config, _ in PUBLISHED.values():
        once = rebuilt(config).config
        assert rebuilt(once).config == once


def test_keys_of_a_newer_library_are_dropped_at_both_levels_and_named():
    newer = {"a_key_of_the_future": {"x": [1]}, "rope_scaling": LLAMA3 | {"newer": 1, "older": 2}}
    found = rebuilt(LLAMA_31_8B | newer)
    assert found.config["rope_scaling"] == LLAMA3
    assert {"a_key_of_the_future", "rope_scaling.newer", "rope_scaling.older"} <= set(found.dropped)


def test_names_of_dropped_keys_are_bounded_and_can_be_written_as_utf8():
    found = rebuilt(LLAMA_31_8B | {"k" * 1000: 1, "half \ud800": 1, "\x1b[31m": 1})
    assert {"k" * 100, "half \\ud800", "\\x1b[31m"} <= set(found.dropped)


@pytest.mark.parametrize("key", ["architectures", "model_type", "hidden_size", "num_hidden_layers", "vocab_size"])
def test_what_a_config_must_name_is_named_when_it_is_missing(key):
    found = rejected({name: value for name, value in LLAMA_31_8B.items() if name != key})
    assert key in found.text


@pytest.mark.parametrize(
    "found", [None, [], "LlamaForCausalLM", ["GPT2LMHeadModel"], ["LlamaForCausalLM"] * 2, [["x"]], [{}], {}, "\ud800"]
)
def test_exactly_one_allowed_architecture_is_named(found):
    rejection = rejected(LLAMA_31_8B | {"architectures": found})
    assert rejection.reason == "architecture_not_allowed"
    assert "LlamaForCausalLM, MistralForCausalLM" in rejection.text


def test_an_architecture_must_be_one_of_the_competitions_and_one_that_can_be_rebuilt():
    for config, allowed in ((LLAMA_31_8B, ("Qwen3ForCausalLM",)), ({"architectures": ["X"]}, ("X",))):
        found = rebuild(config, allowed)
        assert isinstance(found, Rejection)
        assert found.reason == "architecture_not_allowed"


NOT_CAUSAL = [
    ("is_causal", False),
    ("is_causal", 0),
    ("is_causal", "no"),
    ("causal", False),
    ("use_bidirectional_attention", True),
    ("use_bidirectional_attention", "all"),
    ("use_bidirectional_attention", "vision"),
    ("bidirectional", 1),
    ("Bidirectional_Layers", [0]),
    ("is_encoder_decoder", True),
    ("add_cross_attention", True),
]
FORBIDDEN = NOT_CAUSAL + [(key, {"AutoConfig": "x.Y"}) for key in FORBIDDEN_KEYS]
DEPTHS = [lambda inner: inner, lambda inner: {"text_config": inner}, lambda inner: {"parts": [{"more": inner}]}]


@pytest.mark.parametrize(("key", "value"), FORBIDDEN)
@pytest.mark.parametrize("nest", DEPTHS, ids=["top", "inside", "deep"])
def test_what_no_model_may_have_is_found_at_any_depth(key, value, nest):
    found = rejected(LLAMA_31_8B | nest({key: value}))
    assert found.reason == "forbidden_config_key"
    assert found.evidence["key"] == key
    assert key in found.text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("is_causal", True),
        ("is_causal", None),
        ("use_bidirectional_attention", False),
        ("use_bidirectional_attention", None),
        # Written into every file of some libraries, and read by none of these architectures.
        ("is_decoder", False),
        *((key, None) for key in FORBIDDEN_KEYS),
        *((key, False) for key in FORBIDDEN_KEYS),
    ],
)
def test_a_switch_that_asks_for_nothing_is_dropped(key, value):
    assert key in rebuilt(LLAMA_31_8B | {key: value}).dropped


WRONG = [
    (LLAMA_31_8B, "model_type", "mistral", "llama"),
    (LLAMA_31_8B, "model_type", None, "llama"),
    (GEMMA3_1B, "model_type", "gemma3", "gemma3_text"),
    (LLAMA_31_8B, "hidden_size", 10**9, "from 1 to 32,768"),
    (LLAMA_31_8B, "hidden_size", 10**4000, "from 1 to 32,768"),
    (LLAMA_31_8B, "hidden_size", 4096.0, "a whole number"),
    (LLAMA_31_8B, "hidden_size", "4096", "a whole number"),
    (LLAMA_31_8B, "hidden_size", None, "a whole number"),
    (LLAMA_31_8B, "num_hidden_layers", 0, "from 1 to 256"),
    (LLAMA_31_8B, "num_hidden_layers", 1_000_000, "from 1 to 256"),
    (LLAMA_31_8B, "num_hidden_layers", True, "a whole number"),
    (LLAMA_31_8B, "num_attention_heads", 33, "a divisor of hidden_size, which is 4,096"),
    (LLAMA_31_8B, "num_attention_heads", 0, "from 1 to 512"),
    (LLAMA_31_8B, "num_key_value_heads", 5, "a divisor of num_attention_heads, which is 32"),
    (LLAMA_31_8B, "num_key_value_heads", 0, "from 1"),
    (LLAMA_31_8B, "head_dim", 10**6, "from 2 to 1,024"),
    (LLAMA_31_8B, "intermediate_size", -1, "from 1"),
    (LLAMA_31_8B, "vocab_size", 1_000_001, "from 1 to 1,000,000"),
    (LLAMA_31_8B, "max_position_embeddings", 2**40, "from 1"),
    (LLAMA_31_8B, "rms_norm_eps", 0.0, "from 1e-12 to 0.01"),
    (LLAMA_31_8B, "rms_norm_eps", float("nan"), "from 1e-12 to 0.01"),
    (LLAMA_31_8B, "rms_norm_eps", -1e-5, "from 1e-12 to 0.01"),
    (LLAMA_31_8B, "hidden_act", "xielu", "one of silu"),
    (LLAMA_31_8B, "hidden_act", ["silu"], "one of silu"),
    (LLAMA_31_8B, "attention_bias", "yes", "true or false"),
    (LLAMA_31_8B, "tie_word_embeddings", None, "true or false"),
    (LLAMA_31_8B, "rope_theta", 0, "from 100 to 1e+12"),
    (LLAMA_31_8B, "rope_theta", float("inf"), "from 100 to 1e+12"),
    (LLAMA_31_8B, "rope_scaling", "dynamic", "an object, or null"),
    (MISTRAL_7B, "num_key_value_heads", None, "a whole number"),
    (MISTRAL_7B, "sliding_window", 0, "from 1"),
    (QWEN25_7B, "layer_types", ["chunked_attention"] * 28, "each one of full_attention, sliding_attention"),
    (QWEN25_7B, "layer_types", ["full_attention"] * 27, "one for each of the 28 layers"),
    (QWEN25_7B, "layer_types", ["full_attention"] * (MAX_LAYERS + 1), "at most 256"),
    (QWEN25_7B, "layer_types", "full_attention", "a list"),
    (QWEN25_7B, "max_window_layers", -1, "from 0"),
    (QWEN3_8B, "head_dim", None, "a whole number"),
    (GEMMA2_2B, "final_logit_softcapping", 0.0, "from 1 to 10000, or null"),
    (GEMMA2_2B, "query_pre_attn_scalar", 0, "from 1"),
    (GEMMA3_1B, "sliding_window_pattern", 0, "from 1"),
    (GEMMA3_1B, "rope_local_base_freq", 0, "from 100"),
    (PHI_2, "partial_rotary_factor", 1.5, "from 0.01 to 1"),
    (PHI_2, "layer_norm_eps", 1.0, "from 1e-12 to 0.01"),
    (PHI3_MINI_128K, "original_max_position_embeddings", 1, "from 16"),
    (PYTHIA_1B, "rotary_pct", 0, "from 0.01 to 1"),
    (PYTHIA_1B, "rotary_emb_base", 1, "from 100"),
    (FALCON_7B, "alibi", 1, "true or false, or null"),
    (FALCON_7B, "num_kv_heads", 70, "a divisor of num_attention_heads, which is 71"),
    (FALCON_7B, "num_ln_in_parallel_attn", 3, "from 1 to 2"),
    (FALCON_7B, "activation", "no_such", "one of silu"),
]


@pytest.mark.parametrize(("config", "key", "value", "allowed"), WRONG)
def test_a_value_out_of_range_is_rejected_with_key_value_and_range(config, key, value, allowed):
    found = rejected(config | {key: value})
    assert found.reason == "config_value_not_allowed"
    assert found.evidence["key"] == key
    assert allowed in str(found.evidence["allowed"])
    assert key in found.text
    assert allowed in found.text
    assert len(str(found.evidence["found"])) <= 100


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rope_type", "su"),
        ("rope_type", None),
        ("factor", 0),
        ("factor", float("nan")),
        ("low_freq_factor", 0.0),
        ("high_freq_factor", "4"),
        ("original_max_position_embeddings", 0),
        ("rope_theta", 1),
        ("partial_rotary_factor", 2),
        ("attention_factor", 1e9),
        ("beta_fast", 0),
        ("mscale", -1),
        ("truncate", "no"),
        ("short_factor", [1.0] * 513),
        ("short_factor", []),
        ("long_factor", [0.0]),
        ("long_factor", [None]),
        ("long_factor", 1.0),
    ],
)
@pytest.mark.parametrize("spelling", ["rope_scaling", "rope_parameters"])
def test_rope_has_ranges_in_both_spellings(key, value, spelling):
    found = rejected(LLAMA_31_8B | {spelling: LLAMA3 | {key: value}})
    assert found.reason == "config_value_not_allowed"
    assert found.evidence["key"] == f"{spelling}.{key}"


def test_rope_by_kind_of_layer_has_the_same_ranges():
    for kind in ("full_attention", "sliding_attention"):
        found = rejected(GEMMA3_1B | {"rope_parameters": {kind: {"rope_type": "default", "rope_theta": 0}}})
        assert found.evidence["key"] == f"rope_parameters.{kind}.rope_theta"


def test_a_head_size_of_its_own_frees_the_number_of_heads():
    assert rebuilt(LLAMA_31_8B | {"num_attention_heads": 24, "head_dim": 128}).config["head_dim"] == 128


def test_a_config_of_thousands_of_keys_is_malformed_wherever_they_are():
    many = {f"key{number}": number for number in range(MAX_KEYS)}
    for config in (LLAMA_31_8B | many, LLAMA_31_8B | {"rope_scaling": LLAMA3 | many}):
        assert rejected(config).reason == "malformed_config"


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_KEYS = sorted({key for one in ARCHITECTURES.values() for key in one.keys} | {*FORBIDDEN_KEYS, "model_type"})


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=8) | st.just("architectures"), _JSON, max_size=5))
def test_any_json_object_is_rebuilt_or_rejected(config):
    assert isinstance(rebuild(config, ALL), Rebuilt | Rejection)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([config for config, _ in PUBLISHED.values()]),
    st.dictionaries(st.sampled_from(_KEYS), _JSON, min_size=1, max_size=3),
)
def test_any_value_under_a_known_key_is_kept_dropped_or_rejected(config, changes):
    found = rebuild(config | changes, ALL)
    if isinstance(found, Rejection):
        assert found.reason in {"config_value_not_allowed", "forbidden_config_key"}
    else:
        rules = ARCHITECTURES[found.config["architectures"][0]].keys
        assert found.config.keys() <= rules.keys() | IDS.keys() | {"architectures", "model_type"}
        assert all(rules[key].holds(value) for key, value in found.config.items() if key in rules)
