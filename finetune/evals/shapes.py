"""Which tensors a rebuilt configuration implies, and whether a folder's files hold exactly those. It reads no weights.

The libraries load what fits, invent what is missing and drop what is left over; so names and shapes are compared here,
from the headers alone, before they load anything.
"""

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from competitions.rejection import Rejection
from finetune.errors import ModelRejected, ScoringError
from finetune.evals.faults import as_scoring_error
from finetune.evals.quiet import quiet
from finetune.hub.files import weight_files
from finetune.hub.safetensors_header import read_header

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Shape = tuple[int, ...]


def expected_tensors(config: Mapping[str, Any]) -> dict[str, Shape]:
    """The name and shape of each tensor in the checkpoint of a model with this rebuilt configuration.

    Names are the ones that `save_pretrained` writes; of tied tensors there is one. The model is built without memory
    for its weights. Raises `ScoringError` if the library finds the configuration at odds with itself.
    """
    from transformers.core_model_loading import revert_weight_conversion

    with as_scoring_error("building the model that config.json describes"), quiet():
        model = _without_weights(config)
        # transformers names the second of two tied tensors in this map, and a loader fills it from the first.
        second = model.all_tied_weights_keys
        own = {name: tensor for name, tensor in model.state_dict().items() if name not in second}
        # Some families have other names on disk than in memory.
        return {name: tuple(tensor.shape) for name, tensor in revert_weight_conversion(model, own).items()}


def check_tensors(folder: Path, config: Mapping[str, Any]) -> Rejection | None:
    """The weight files hold exactly the tensors that the rebuilt configuration implies: each there, none else.

    A second copy of a tied tensor is one too many: with it the same model would have another tensor digest.
    Expects sound headers.
    """
    try:
        expected = expected_tensors(config)
    except ModelRejected as error:
        return error.rejection
    except ScoringError as error:
        return Rejection(reason="malformed_config", text=f"config.json: {error}", evidence={"file": "config.json"})
    found = {tensor.name: tensor.shape for file in weight_files(folder) for tensor in read_header(file)}
    wrong = {name for name in found.keys() & expected.keys() if found[name] != expected[name]}
    return (
        _rejection("missing_tensor", "lack", expected.keys() - found.keys(), found, expected)
        or _rejection("wrong_shape", "have the wrong shape for", wrong, found, expected)
        or _rejection(
            "extra_tensor", "have beyond what config.json implies", found.keys() - expected.keys(), found, expected
        )
    )


def _without_weights(config: Mapping[str, Any]) -> "PreTrainedModel":
    """The model on the meta device, where tensors have shapes and no memory."""
    import torch
    from transformers import CONFIG_MAPPING, AutoModelForCausalLM

    # The library writes its defaults into the objects it is given.
    given = copy.deepcopy({key: value for key, value in config.items() if key != "model_type"})
    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(CONFIG_MAPPING[config["model_type"]](**given))
    return model


def _rejection(
    reason: str, what: str, names: Iterable[str], found: Mapping[str, Shape], expected: Mapping[str, Shape]
) -> Rejection | None:
    ordered = sorted(names)
    if not ordered:
        return None
    first = ordered[0][:200]
    here, wanted = (_words(shapes.get(ordered[0])) for shapes in (found, expected))
    count = f"{len(ordered):,} tensor" + "s" * (len(ordered) > 1)
    return Rejection(
        reason=reason,
        text=f"the weight files {what} {count}, first {first}: found {here}, expected {wanted}",
        evidence={"tensor": first, "found": here, "expected": wanted, "count": len(ordered)},
    )


def _words(shape: Shape | None) -> str:
    return "nothing" if shape is None else str(list(shape))
