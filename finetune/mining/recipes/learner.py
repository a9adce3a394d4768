"""The model that learns: loaded from its folder, with the weights that a recipe trains marked."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.errors import SetupError
from finetune.evals.faults import as_scoring_error
from finetune.evals.quiet import quiet
from finetune.evals.runtime import DType, load_model, model_config
from finetune.mining.recipes.recipe import Recipe
from finetune.mining.train import Lora, add_adapter

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, kw_only=True)
class Learner:
    """What is trained, the model inside it that scores, and the adapter's configuration if there is an adapter.

    `reference` is a second, frozen copy of the base, where pairs are learned and no adapter can be taken off.
    """

    model: Any
    inner: "PreTrainedModel"
    adapter: Any
    reference: Any


def open_learner(base: Path, recipe: Recipe, *, cpu: bool = False) -> Learner:
    """Load the base in `base` and mark what is to be trained; the same seed gives the same new weights.

    What learns is in float32, also where a recipe computes in bfloat16: small steps would be lost to rounding. A base
    in four bits is loaded where it is trained: on the CPU if `cpu`, else on what accelerate finds. Raises `SetupError`
    where the recipe does not fit the base, `ScoringError` where that cannot be loaded.
    """
    import torch

    frozen = recipe.trains == "adapter"
    if recipe.four_bit:
        model = _load_four_bit(base, recipe.dtype, cpu=cpu)
    else:
        model = load_model(base, dtype=recipe.dtype if frozen else "float32", device="cpu")
    trained, adapter, reference = model, None, None
    if frozen:
        torch.manual_seed(recipe.seed)
        lora = Lora(rank=recipe.rank, alpha=recipe.alpha, dropout=recipe.dropout, targets=recipe.targets)
        trained, adapter = add_adapter(model, lora)
    elif recipe.trains == "top_layers":
        _freeze_below(model, recipe.top_layers)
    if recipe.learns == "pairs" and not frozen:
        reference = load_model(base, dtype=recipe.dtype, device="cpu")
    return Learner(model=trained, inner=model, adapter=adapter, reference=reference)


def check_four_bit() -> None:
    """Raise `SetupError` where a base in four bits cannot be had."""
    import importlib.util

    if importlib.util.find_spec("bitsandbytes") is None:
        raise SetupError(
            "four_bit needs the package bitsandbytes: .venv/bin/python -m pip install -c constraints.txt -e '.[qlora]'"
            ", or train with the recipe lora"
        )


def _load_four_bit(base: Path, dtype: DType, *, cpu: bool) -> "PreTrainedModel":
    """The base in the four-bit floats of QLoRA (https://arxiv.org/abs/2305.14314, section 3), where it trains.

    Its products are computed in `dtype`.
    """
    import torch
    from accelerate import PartialState
    from bitsandbytes.nn.modules import Linear4bit
    from peft import prepare_model_for_kbit_training
    from transformers import AutoConfig, AutoModelForCausalLM, BitsAndBytesConfig

    with as_scoring_error("loading the model in four bits"), quiet():
        model = AutoModelForCausalLM.from_pretrained(
            base,
            config=AutoConfig.for_model(**model_config(base)),
            quantization_config=BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_use_double_quant=True,
                bnb_4bit_compute_dtype=getattr(torch, dtype),
            ),
            device_map={"": PartialState(cpu=cpu).device},
            dtype=torch.bfloat16,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
        )
        prepared: PreTrainedModel = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    for layer in prepared.modules():
        if isinstance(layer, Linear4bit):
            # Else the numbers that the first pass happens to bring decide, and after a kill that is another pass.
            layer.compute_type_is_set = True
            # Else measuring on a CPU with such instructions repacks the weights, and rounds them once more.
            layer.support_avx512bf16_for_cpu = False
    return prepared


def _freeze_below(model: "PreTrainedModel", top: int) -> None:
    """Leave only the last `top` layers, what follows them, and a head of its own to be trained."""
    import torch

    body: Any = model.base_model
    layers = getattr(body, "layers", None)
    if layers is None:
        raise SetupError(f"top_layers: {type(model).__name__} has no list of layers; train with lora or full")
    if top >= len(layers):
        allowed = f"1 to {len(layers) - 1}" if len(layers) > 1 else "none"
        raise SetupError(f"top_layers: found {top}, allowed is {allowed}: the base has {len(layers)} layers")
    model.requires_grad_(False)
    for layer in layers[-top:]:
        layer.requires_grad_(True)
    for _, part in body.named_children():
        if part is not layers and not isinstance(part, torch.nn.Embedding):
            part.requires_grad_(True)
    head: Any = model.get_output_embeddings()
    if head.weight is not model.get_input_embeddings().weight:
        head.requires_grad_(True)
