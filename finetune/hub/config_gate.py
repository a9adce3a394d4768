"""The gates on config.json and adapter_config.json, before any library reads them.

A full model's configuration is rebuilt per architecture (`config_rebuild`). An adapter's must be plain LoRA in full, by
the one table here; only the rank, the scale and the names of the layers are ever read from it (`evals.adapter`).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from competitions.rejection import Rejection
from finetune.hub.config_rebuild import Rebuilt, rebuild, shown, shown_name
from finetune.hub.config_rules import Rule, flag, is_off, number, or_null, required, whole, word
from finetune.hub.files import TEXT_LIMITS
from finetune.hub.strict_json import read_object

MAX_RANK = 512
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")


def rebuilt_config(file: Path, architectures: tuple[str, ...]) -> Rebuilt | Rejection:
    """A full model's config.json as it may be loaded, and what was left out of it; or why it cannot be loaded."""
    try:
        config = read_object(file, TEXT_LIMITS["config.json"])
    except ValueError as error:
        return _malformed(file.name, str(error))
    return rebuild(config, architectures)


def check_model_config(file: Path, architectures: tuple[str, ...]) -> Rejection | None:
    """A full model's config.json is sound JSON from which an allowed architecture can be rebuilt."""
    found = rebuilt_config(file, architectures)
    return found if isinstance(found, Rejection) else None


def check_adapter_config(file: Path) -> Rejection | None:
    """An adapter's adapter_config.json asks for plain LoRA: known keys in range, everything else switched off.

    PEFT compiles some values as regular expressions and runs searches that others ask for, so a key that is not in the
    table must hold nothing. The adapter's own word for its base is ignored.
    """
    try:
        config = read_object(file, TEXT_LIMITS["adapter_config.json"])
    except ValueError as error:
        return _malformed(file.name, str(error))
    for key, rule in _ADAPTER_RULES.items():
        if rule.required and key not in config:
            return _adapter_setting(key, "nothing", rule.allowed)
    for key, value in config.items():
        rule = _ADAPTER_RULES.get(key, _OFF)
        if not rule.holds(value):
            return _adapter_setting(key, shown(value), rule.allowed)
    return None


def _are_plain_names(value: Any) -> bool:
    if not isinstance(value, list) or not 1 <= len(value) <= 1024:
        return False
    return all(isinstance(name, str) and len(name) <= 256 and _PLAIN_NAME.fullmatch(name) for name in value)


_OFF = Rule(allowed="nothing: null, false or empty", holds=is_off)
_MODULES = Rule(allowed="a list of plain module names, no pattern", holds=_are_plain_names)
_SHORT_TEXT = Rule(
    allowed="a text of at most 512 characters, or null",
    holds=lambda value: value is None or (isinstance(value, str) and len(value) <= 512),
)
_SHORT_TEXTS = Rule(
    allowed="an object of texts of at most 512 characters, or null",
    holds=lambda value: (
        value is None or (isinstance(value, dict) and len(value) < 16 and all(map(_SHORT_TEXT.holds, value.values())))
    ),
)
_ADAPTER_RULES: Mapping[str, Rule] = {
    "peft_type": required(word("LORA")),
    "task_type": or_null(word("CAUSAL_LM")),
    "r": required(whole(1, MAX_RANK)),
    "lora_alpha": required(number(1e-6, 1e6)),
    "lora_dropout": number(0, 1),
    "target_modules": required(_MODULES),
    "bias": word("none"),
    # Any word here makes PEFT compute new weights while it loads.
    "init_lora_weights": flag(),
    "use_rslora": flag(),
    "fan_in_fan_out": flag(),
    "inference_mode": flag(),
    # Written by PEFT whether used or not, and read only where a switch above or an unknown key turns them on.
    "megatron_core": or_null(word("megatron.core")),
    "qalora_group_size": whole(16, 16),
    # Read by nobody here.
    "auto_mapping": _SHORT_TEXTS,
    "base_model_name_or_path": _SHORT_TEXT,
    "revision": _SHORT_TEXT,
    "peft_version": _SHORT_TEXT,
}


def _malformed(name: str, what: str) -> Rejection:
    return Rejection(reason="malformed_config", text=f"{name} cannot be read: {what}", evidence={"file": name})


def _adapter_setting(key: str, found: str, allowed: str) -> Rejection:
    return Rejection(
        reason="adapter_setting_not_allowed",
        text=f"adapter_config.json has {found} for {shown_name(key)}; allowed is {allowed}",
        evidence={"key": shown_name(key), "found": found, "allowed": allowed},
    )
