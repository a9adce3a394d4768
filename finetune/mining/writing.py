"""Writes a trained model as the files of a submission and no others. It knows no training."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.errors import SetupError
from finetune.evals.quiet import quiet

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def write_submission(folder: Path, model: Any, adapter: Any, tokenizer: "PreTrainedTokenizerBase") -> None:
    """Fill an empty folder: a full model with its tokenizer; with `adapter`, its configuration, that one's weights.

    The library's own way would add a model card, and the path of the base. Raises `SetupError` when the disk is full.
    """
    from peft import get_peft_model_state_dict
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        if adapter is None:
            with quiet():
                model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
            return
        adapter.base_model_name_or_path = None
        adapter.inference_mode = True
        adapter.save_pretrained(folder)
        weights = {name: weight.contiguous().cpu() for name, weight in get_peft_model_state_dict(model).items()}
        save_file(weights, folder / "adapter_model.safetensors")
    except (OSError, SafetensorError) as error:
        raise SetupError(f"the trained model cannot be written below {folder.parent}: {error}") from error
