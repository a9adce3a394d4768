"""The causality probe: a model must not see the future. It knows no configuration.

A model that attends to later tokens reads the answer that it should predict. Its configuration was rebuilt without the
keys that ask for that; the probe holds whatever else may have been overlooked, on the model as it runs.
"""

import math
from typing import TYPE_CHECKING

from competitions.rejection import Rejection
from finetune.errors import ModelRejected

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Of the largest hidden state: what two passes of one shape may differ by in places that cannot see the change. They are
# bit-identical on most kernels.
TOLERANCE = {"float32": 1e-4, "bfloat16": 2e-2}


def check_causality(model: "PreTrainedModel", length: int) -> None:
    """Change all ids after the middle of `length` ids and compare the hidden states before. Raises `ModelRejected`.

    Where the hidden states of the last layer are the same, so are the logits.
    """
    import torch

    rows = int(model.get_input_embeddings().weight.shape[0])
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(rows, (1, length), generator=generator)
    changed = ids.clone()
    middle = length // 2
    changed[:, middle:] = (ids[:, middle:] + 1 + torch.randint(max(1, rows - 1), (1, 1), generator=generator)) % rows
    with torch.inference_mode():
        before, after = (
            model.base_model(input_ids=each.to(model.device), use_cache=False).last_hidden_state[0, :middle].float()
            for each in (ids, changed)
        )
        largest, difference = float(before.abs().max()), float((before - after).abs().max())
    if not math.isfinite(largest + difference):
        raise ModelRejected(
            Rejection(
                reason="not_finite",
                text=f"the hidden states of {length} ids drawn at random are NaN or infinite",
                evidence={"length": length},
            )
        )
    if difference <= TOLERANCE[str(model.dtype).removeprefix("torch.")] * largest:
        return
    raise ModelRejected(
        Rejection(
            reason="sees_the_future",
            text=f"changing the tokens after position {middle} of {length} changes the hidden states before it, by "
            f"{difference:.3g} where the largest is {largest:.3g}: a model must attend to earlier tokens only",
            evidence={"length": length, "position": middle, "difference": difference, "largest": largest},
        )
    )
