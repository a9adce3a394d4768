"""The plain ways to score and to generate, as most evaluation scripts do it: what our own are measured against."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_IGNORED = -100


def plain_loss(model: "PreTrainedModel", prompt: list[int], scored: list[int]) -> float:
    """The sum of -ln p over the ids of `scored` after `prompt`, in nats: one pass, all logits, shifted copies.

    The key-value cache is on, as it is by default, and the cross-entropy has the model's own precision.
    """
    import torch

    ids = torch.tensor([prompt + scored], device=model.device)
    labels = torch.tensor([[_IGNORED] * len(prompt) + scored], device=model.device)
    with torch.inference_mode():
        logits = model(input_ids=ids).logits
        shifted = logits[:, :-1].contiguous()
        wanted = labels[:, 1:].contiguous()
        total = torch.nn.functional.cross_entropy(
            shifted.view(-1, shifted.shape[-1]), wanted.view(-1), ignore_index=_IGNORED, reduction="sum"
        )
    return float(total)


def plain_reply(model: "PreTrainedModel", prompt: list[int], *, ends: list[int], max_tokens: int) -> list[int]:
    """The ids of the greedy reply to one prompt, without the id that ends it."""
    import torch
    from transformers import GenerationConfig

    ids = torch.tensor([prompt], device=model.device)
    settings = GenerationConfig(do_sample=False, max_new_tokens=max_tokens, eos_token_id=ends or None, pad_token_id=0)
    with torch.inference_mode():
        output: Any = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=settings)
    reply: list[int] = output[0, len(prompt) :].tolist()
    return reply[:-1] if reply and reply[-1] in ends else reply
