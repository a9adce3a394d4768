"""The gates on config.json and adapter_config.json that hold for every architecture, before any library reads them.

A full model's configuration is searched for what no architecture may have; which numbers and switches it may have is
checked when it is rebuilt. An adapter's configuration has no such second step, so here it must be plain in full.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from competitions.rejection import Rejection
from finetune.hub.files import TEXT_LIMITS
from finetune.hub.strict_json import read_object

# Keys that make a loader run code, open other files or change how weights are stored, at any depth.
FORBIDDEN_KEYS = {
    "auto_map": "code of its own",
    "custom_pipelines": "code of its own",
    "trust_remote_code": "code of its own",
    "configuration_files": "another configuration file",
    "transformers_weights": "another weight file",
    "quantization_config": "quantised weights",
    "compression_config": "quantised weights",
}

MAX_RANK = 512
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")


def check_model_config(file: Path, architectures: tuple[str, ...]) -> Rejection | None:
    """A full model's config.json is sound JSON, names one allowed architecture, and has no forbidden key."""
    try:
        config = read_object(file, TEXT_LIMITS["config.json"])
    except ValueError as error:
        return _malformed(file.name, str(error))
    found = config.get("architectures")
    if not isinstance(found, list) or len(found) != 1 or found[0] not in architectures:
        return Rejection(
            reason="architecture_not_allowed",
            text=f"config.json names {str(found)[:100]} as architectures; one of {', '.join(architectures)} is allowed",
            evidence={"found": str(found)[:100], "allowed": ", ".join(architectures)},
        )
    for key, value in _pairs(config):
        if key in FORBIDDEN_KEYS and value is not None:
            return Rejection(
                reason="forbidden_config_key",
                text=f"config.json has {key}, which asks for {FORBIDDEN_KEYS[key]}; no model may have it",
                evidence={"key": key},
            )
    return None


def check_adapter_config(file: Path) -> Rejection | None:
    """An adapter's adapter_config.json asks for plain LoRA: known keys in range, everything else switched off.

    PEFT compiles some values as regular expressions and runs searches that others ask for, so a key that is not in the
    table must hold nothing. The adapter's own word for its base is ignored.
    """
    try:
        config = read_object(file, TEXT_LIMITS["adapter_config.json"])
    except ValueError as error:
        return _malformed(file.name, str(error))
    for key in ("peft_type", "r", "lora_alpha", "target_modules"):
        if key not in config:
            return _adapter_setting(key, "nothing", _ADAPTER_RULES[key][1])
    for key, value in config.items():
        allowed, words = _ADAPTER_RULES.get(key, (_is_off, "nothing: null, false or empty"))
        if not allowed(value):
            return _adapter_setting(key, str(value), words)
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


def _is_off(value: Any) -> bool:
    return value is None or value is False or value in ([], {}, "")


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_rank(value: Any) -> bool:
    return type(value) is int and 1 <= value <= MAX_RANK


def _is_scale(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value <= 1e6


def _is_share(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1


def _are_plain_names(value: Any) -> bool:
    if not isinstance(value, list) or not 1 <= len(value) <= 1024:
        return False
    return all(isinstance(name, str) and len(name) <= 256 and _PLAIN_NAME.fullmatch(name) for name in value)


def _is_short_text(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= 512)


def _is(*choices: object) -> Callable[[Any], bool]:
    return lambda value: value in choices and type(value) in {type(choice) for choice in choices}


_ADAPTER_RULES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "peft_type": (_is("LORA"), '"LORA"'),
    "task_type": (_is("CAUSAL_LM", None), '"CAUSAL_LM" or null'),
    "r": (_is_rank, f"a whole number from 1 to {MAX_RANK}"),
    "lora_alpha": (_is_scale, "a number above 0, at most 1,000,000"),
    "lora_dropout": (_is_share, "a number from 0 to 1"),
    "target_modules": (_are_plain_names, "a list of plain module names, no pattern"),
    "bias": (_is("none"), '"none"'),
    # Any other word makes PEFT compute new weights while it loads.
    "init_lora_weights": (_is_flag, "true or false"),
    "use_rslora": (_is_flag, "true or false"),
    "use_dora": (_is_flag, "true or false"),
    "fan_in_fan_out": (_is_flag, "true or false"),
    "inference_mode": (_is_flag, "true or false"),
    # Written by PEFT whether used or not, and read only where a switch above or an unknown key turns them on.
    "megatron_core": (_is("megatron.core", None), '"megatron.core" or null'),
    "qalora_group_size": (_is(16), "16"),
    # Read by nobody here.
    "base_model_name_or_path": (_is_short_text, "a text of at most 512 characters"),
    "revision": (_is_short_text, "a text of at most 512 characters"),
    "peft_version": (_is_short_text, "a text of at most 512 characters"),
}


def _malformed(name: str, what: str) -> Rejection:
    return Rejection(reason="malformed_config", text=f"{name} cannot be read: {what}", evidence={"file": name})


def _adapter_setting(key: str, found: str, allowed: str) -> Rejection:
    return Rejection(
        reason="adapter_setting_not_allowed",
        text=f"adapter_config.json has {found[:100]} for {key[:60]!r}; allowed is {allowed}",
        evidence={"key": key[:60], "found": found[:100]},
    )
