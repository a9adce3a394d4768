"""The one forward pass of scoring: how well a model predicts some ids after others. It knows no text and no method."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def cross_entropy(model: "PreTrainedModel", prompt: list[int], scored: list[int]) -> float:
    """The sum of -ln p(id | all ids before it) over the ids of `scored`, in nats; NaN for an id the model lacks.

    One sequence a call, so that a figure cannot depend on what else is scored; no key-value cache, and logits only at
    the positions that are scored: of shape (1, len(scored), vocabulary). They are made float32 before the softmax, as
    bfloat16 would round the loss of a sample to 1/64.
    """
    import torch

    ids = prompt + scored
    if not 0 <= min(ids) <= max(ids) < model.get_input_embeddings().num_embeddings:
        return math.nan
    with torch.inference_mode():
        # Predicting an id needs the ids before it alone: the last is a target, never an input.
        shown = torch.tensor([ids[:-1]], device=model.device)
        logits = model(input_ids=shown, use_cache=False, logits_to_keep=len(scored)).logits[0].float()
        targets = torch.tensor(scored, device=model.device)
        losses = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    # Summed exactly and on the host: some devices have no float64.
    return math.fsum(losses.tolist())
