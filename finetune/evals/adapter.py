"""Puts a LoRA adapter from a folder over a base model that is loaded already. It knows no tokenizer and no sample.

The adapter's configuration is rebuilt before peft sees it: peft compiles some of its strings as regular expressions,
follows its path to a base, and runs what its initialisation asks for. Only what shapes the forward pass is read.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.errors import ScoringError
from finetune.evals.faults import as_scoring_error
from finetune.evals.quiet import quiet

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"

# Both matrices of a larger rank together outgrow the square layer they stand for, in most models that are tuned.
MAX_RANK = 1024

# Keys that say how the adapter was trained and stored, not what it computes.
_IDLE = {
    "auto_mapping",
    "base_model_name_or_path",
    "fan_in_fan_out",
    "inference_mode",
    "init_lora_weights",
    "lora_dropout",
    "megatron_core",
    "peft_version",
    "qalora_group_size",
    "revision",
    "task_type",
}


def attach(model: "PreTrainedModel", folder: Path) -> "PreTrainedModel":
    """`model` with the adapter in `folder` added to its layers (the same object, changed).

    Raises `ScoringError` if the configuration asks for more than plain LoRA, or the weights are not exactly the
    matrices that it describes.
    """
    from peft import get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file

    with as_scoring_error(f"loading the adapter in {folder}"), quiet():
        config = _config(json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8")))
        weights = load_file(folder / ADAPTER_WEIGHTS)
        adapted = get_peft_model(model, config)
        expected = get_peft_model_state_dict(adapted)
        for name in sorted(expected.keys() | weights.keys()):
            here, wanted = (_shape(tensors.get(name)) for tensors in (weights, expected))
            if here != wanted:
                raise ScoringError(f"{folder / ADAPTER_WEIGHTS}: tensor {name!r:.200} must be {wanted}; found {here}")
        set_peft_model_state_dict(adapted, weights)
    # The layers are changed in place; peft's own wrapper around the model is not needed to run them.
    return model


def _config(given: Any) -> Any:
    """A fresh configuration of plain LoRA with the four values of the adapter's own that matter."""
    from peft import LoraConfig

    if not isinstance(given, dict):
        raise ScoringError(f"{ADAPTER_CONFIG} must be a JSON object; found {type(given).__name__}")
    rank, alpha, targets = given.pop("r", None), given.pop("lora_alpha", None), given.pop("target_modules", None)
    scaled = given.pop("use_rslora", False)
    kind, bias = given.pop("peft_type", None), given.pop("bias", "none")
    for key, value in given.items():
        # False, null, 0 and empty lists: the key is there and asks for nothing.
        if key not in _IDLE and value:
            raise ScoringError(f"{ADAPTER_CONFIG}: {key!r:.80} asks for more than plain LoRA; leave it out")
    rules = (
        ("peft_type", kind, kind == "LORA", "LORA"),
        ("bias", bias, bias == "none", "none"),
        ("r", rank, type(rank) is int and 1 <= rank <= MAX_RANK, f"a whole number from 1 to {MAX_RANK}"),
        ("lora_alpha", alpha, type(alpha) in (int, float) and 0 < alpha < 1e6, "a number between 0 and 1000000"),
        ("use_rslora", scaled, isinstance(scaled, bool), "true or false"),
        ("target_modules", targets, _module_names(targets), "a list of module names"),
    )
    for key, value, right, allowed in rules:
        if not right:
            raise ScoringError(f"{ADAPTER_CONFIG}: {key} must be {allowed}; found {value!r:.80}")
    return LoraConfig(
        r=rank, lora_alpha=alpha, target_modules=targets, use_rslora=scaled, inference_mode=True, task_type="CAUSAL_LM"
    )


def _module_names(targets: object) -> bool:
    """Whether `targets` is a list of names: a string would be a pattern."""
    return isinstance(targets, list) and 0 < len(targets) < 1000 and all(isinstance(name, str) for name in targets)


def _shape(tensor: Any) -> str:
    return "absent" if tensor is None else f"of shape {tuple(tensor.shape)}"
