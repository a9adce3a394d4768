"""Rebuilds a stranger's model configuration from the keys that its architecture may have, and nothing else.

A key that asks for what no model may have is a rejection; a key that is allowed keeps its value if that is within
range; all others are left out and named, so an honest file of a newer library still loads. It opens no file and knows
no library: what comes out holds plain values that have been checked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from competitions.rejection import Rejection
from finetune.hub.architectures import ARCHITECTURES, Architecture
from finetune.hub.config_rules import Rule, is_off

# Keys that make a loader run code, open other files, change how weights are stored, or let a token see later ones. A
# value that asks for none of it (null, false, nothing) is left out like any other key.
FORBIDDEN_KEYS = {
    "auto_map": "code of its own",
    "custom_pipelines": "code of its own",
    "trust_remote_code": "code of its own",
    "configuration_files": "another configuration file",
    "transformers_weights": "another weight file",
    "quantization_config": "quantised weights",
    "compression_config": "quantised weights",
    "is_encoder_decoder": "attention that is not causal",
    "add_cross_attention": "attention that is not causal",
}
# The same for keys where only true is harmless.
CAUSAL_KEYS = ("is_causal", "causal")
# `use_bidirectional_attention` and what other libraries call it; true, "all" and "vision" are in use.
BIDIRECTIONAL = "bidirectional"

# Null in every rebuilt configuration: no logit depends on them, and a class's own default may be beyond the vocabulary.
TOKEN_IDS = ("bos_token_id", "eos_token_id", "pad_token_id")

MAX_KEYS = 1000  # at any depth; honest files have 20 to 60
_SHOWN = 100  # characters of a stranger's text in a rejection


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """A configuration that may be loaded.

    `config` has the architecture, its model type, the allowed keys, and null for the ids of special tokens. `dropped`
    are the keys that were left out, sorted, those inside an object as `outer.inner`, each cut at 100 characters.
    """

    config: dict[str, Any]
    dropped: tuple[str, ...]


def rebuild(config: Mapping[str, Any], architectures: tuple[str, ...]) -> Rebuilt | Rejection:
    """The configuration with what its architecture may have, or why it cannot be had.

    `config` is what a config.json held, `architectures` the class names that are allowed here. Absent keys stay
    absent: the library's own default holds, as it would for the whole file.
    """
    keys = sum(1 for _ in _pairs(config))
    if keys > MAX_KEYS:
        return Rejection(
            reason="malformed_config",
            text=f"config.json has {keys:,} keys; at most {MAX_KEYS:,} are allowed",
            evidence={"file": "config.json", "keys": keys, "allowed": MAX_KEYS},
        )
    known = tuple(name for name in architectures if name in ARCHITECTURES)
    named = config.get("architectures")
    if not isinstance(named, list) or len(named) != 1 or named[0] not in known:
        return Rejection(
            reason="architecture_not_allowed",
            text=f"config.json names {shown(named)} as architectures; one of {', '.join(known)} is allowed",
            evidence={"found": shown(named), "allowed": ", ".join(known)},
        )
    architecture = ARCHITECTURES[named[0]]
    if rejection := _forbidden(config) or _wrong_model_type(config, architecture):
        return rejection
    dropped: list[str] = []
    kept = _kept(config, architecture.keys, dropped)
    if isinstance(kept, Rejection):
        return kept
    if rejection := _inconsistent(kept):
        return rejection
    named_already = {"architectures", "model_type"}
    return Rebuilt(
        config={"architectures": [named[0]], "model_type": architecture.model_type} | kept | dict.fromkeys(TOKEN_IDS),
        dropped=tuple(sorted(shown_name(key) for key in dropped if key not in named_already)),
    )


def shown(value: Any) -> str:
    """A stranger's value for a person to read: bounded, with no character that a terminal or UTF-8 could not take."""
    return repr(value)[:_SHOWN]


def shown_name(key: str) -> str:
    """The same for a key, without quotes."""
    return repr(key)[1:-1][:_SHOWN]


def _forbidden(config: Mapping[str, Any]) -> Rejection | None:
    for key, value in _pairs(config):
        asks = _asks_for(key, value)
        if asks:
            return Rejection(
                reason="forbidden_config_key",
                text=f"config.json has {shown_name(key)}, which asks for {asks}; no model may have it",
                evidence={"key": shown_name(key), "found": shown(value)},
            )
    return None


def _asks_for(key: str, value: Any) -> str | None:
    """What a forbidden key asks for, or nothing where it is not one or asks for nothing."""
    if key in CAUSAL_KEYS and value is not None and value is not True:
        return "attention that is not causal"
    if is_off(value):
        return None
    return "attention that is not causal" if BIDIRECTIONAL in key.lower() else FORBIDDEN_KEYS.get(key)


def _wrong_model_type(config: Mapping[str, Any], architecture: Architecture) -> Rejection | None:
    if config.get("model_type") == architecture.model_type:
        return None
    return _not_allowed("model_type", _found(config, "model_type"), architecture.model_type)


def _kept(
    config: Mapping[str, Any], rules: Mapping[str, Rule], dropped: list[str], within: str = ""
) -> dict[str, Any] | Rejection:
    """The keys that have a rule, all checked; the names of the others are added to `dropped`."""
    dropped += [within + key for key in config if key not in rules]
    kept: dict[str, Any] = {}
    for key, rule in rules.items():
        if key not in config:
            if rule.required:
                return _not_allowed(within + key, "nothing", rule.allowed)
            continue
        value = config[key]
        if not rule.holds(value):
            return _not_allowed(within + key, shown(value), rule.allowed)
        if rule.keys is not None and value is not None:
            value = _kept(value, rule.keys, dropped, within=f"{within}{key}.")
            if isinstance(value, Rejection):
                return value
        kept[key] = value
    return kept


def _inconsistent(kept: Mapping[str, Any]) -> Rejection | None:
    """Sizes that are each within range and do not fit together."""
    hidden, heads, layers = kept["hidden_size"], kept["num_attention_heads"], kept["num_hidden_layers"]
    if kept.get("head_dim") is None and hidden % heads:
        return _not_allowed("num_attention_heads", str(heads), f"a divisor of hidden_size, which is {hidden:,}")
    for key in ("num_key_value_heads", "num_kv_heads"):
        groups = kept.get(key)
        if groups is not None and heads % groups:
            return _not_allowed(key, str(groups), f"a divisor of num_attention_heads, which is {heads}")
    types = kept.get("layer_types")
    if types is not None and len(types) != layers:
        return _not_allowed("layer_types", f"{len(types)} entries", f"one for each of the {layers} layers")
    return None


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, at any depth."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key, inner
            yield from _pairs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _pairs(inner)


def _found(config: Mapping[str, Any], key: str) -> str:
    return shown(config[key]) if key in config else "nothing"


def _not_allowed(key: str, found: str, allowed: str) -> Rejection:
    return Rejection(
        reason="config_value_not_allowed",
        text=f"config.json has {found} for {key}; allowed is {allowed}",
        evidence={"key": key, "found": found, "allowed": allowed},
    )
