"""Puts a LoRA adapter from a folder over a base model that is loaded already. It knows no tokenizer and no sample.

The adapter's configuration is rebuilt before peft sees it: peft compiles some of its strings as regular expressions,
follows its path to a base, and runs what its initialisation asks for. Only what shapes the forward pass is read.
"""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from competitions.rejection import Rejection
from finetune.errors import ModelRejected, ScoringError
from finetune.evals.faults import as_scoring_error
from finetune.evals.quiet import quiet
from finetune.hub.config_gate import check_adapter_config
from finetune.hub.files import ADAPTER_CONFIG, ADAPTER_WEIGHTS, TEXT_LIMITS
from finetune.hub.strict_json import read_object

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def attach(model: "PreTrainedModel", folder: Path) -> Callable[[], None]:
    """Add the adapter in `folder` to the layers of `model`, in place; calling what is returned takes it off again.

    Raises `ScoringError` if the configuration asks for more than plain LoRA or for layers that take none, or if the
    weights are not exactly the matrices that it describes; the model is then as it was.
    """
    from peft import get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file

    with as_scoring_error("loading the adapter"), quiet():
        config = _config(folder / ADAPTER_CONFIG)
        _check_targets(model, config.target_modules)
        weights = load_file(folder / ADAPTER_WEIGHTS)
        adapted = get_peft_model(model, config)

        def detach() -> None:
            """Put the model's own layers back."""
            with quiet():
                adapted.unload()

        try:
            expected = get_peft_model_state_dict(adapted)
            for name in sorted(expected.keys() | weights.keys()):
                here, wanted = (_shape(tensors.get(name)) for tensors in (weights, expected))
                if here != wanted:
                    raise ScoringError(f"{ADAPTER_WEIGHTS}: tensor {name!r:.200} must be {wanted}; found {here}")
            set_peft_model_state_dict(adapted, weights)
        except BaseException:
            detach()
            raise
    adapted.eval()
    return detach


def _config(file: Path) -> Any:
    """A fresh configuration of plain LoRA with the four values of the adapter's own that matter."""
    from peft import LoraConfig

    if rejection := check_adapter_config(file):
        raise ModelRejected(rejection)
    given = read_object(file, TEXT_LIMITS[file.name])
    return LoraConfig(
        r=given["r"],
        lora_alpha=given["lora_alpha"],
        target_modules=given["target_modules"],
        use_rslora=given.get("use_rslora", False),
        inference_mode=True,
        task_type="CAUSAL_LM",
    )


def _check_targets(model: "PreTrainedModel", names: Collection[str]) -> None:
    """Only matrices inside the model's layers take LoRA.

    peft would store a targeted embedding or head whole, and put an adapter's over the base's own, where it stays for
    whoever comes next; over other kinds of module it stops halfway through the model.
    """
    import torch

    ends = tuple("." + name for name in names)
    head = model.get_output_embeddings()
    for name, module in model.named_modules():
        # As peft finds them: by the end of the name.
        if not ("." + name).endswith(ends) or (isinstance(module, torch.nn.Linear) and module is not head):
            continue
        found = "the head" if module is head else f"of class {type(module).__name__}"
        raise ModelRejected(
            Rejection(
                reason="adapter_setting_not_allowed",
                text=f"target_modules in adapter_config.json names {name}, which is {found}; allowed are matrices "
                "inside the layers",
                evidence={"key": "target_modules", "module": name, "found": found},
            )
        )


def _shape(tensor: Any) -> str:
    return "absent" if tensor is None else f"of shape {tuple(tensor.shape)}"
