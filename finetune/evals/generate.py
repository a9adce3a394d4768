"""Greedy replies to many prompts at once. It knows no sample and no rule.

Prompts of different lengths are padded in front, where the attention mask hides the padding: in float32 a reply is the
one that its prompt alone would give. What the model's own generation settings ask for is ignored, but for the ids that
end a reply.
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from finetune.errors import ScoringError
from finetune.evals.forward import depends_on_length
from finetune.evals.memory import smaller_steps

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# Enough for the longest reply that a rule asks for (about 300 words), and few enough that a model which never ends one
# costs no more than a slow one.
MAX_TOKENS = 512
# A sound machine needs a tenth of it for a batch; what takes longer hangs.
MAX_SECONDS = 900.0
# Replies made side by side: on two cores six times as fast as one by one, and no faster beyond.
BATCH = 32


def replies(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[Sequence[int]],
    *,
    sequence_length: int,
    max_tokens: int = MAX_TOKENS,
    max_seconds: float = MAX_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> list[str]:
    """The reply to each prompt, a list of ids: the likeliest token at every step, up to an end token.

    A reply has at most `max_tokens` tokens, and with its prompt at most `sequence_length`: it is cut there. Where
    memory runs out, fewer are made at a time; in bfloat16 never, as replies depend on what is batched there. Raises
    `ScoringError` if `BATCH` replies take longer than `max_seconds`.
    """
    import torch

    ends = end_ids(model, tokenizer)
    found: list[str] = []
    for start in range(0, len(prompts), BATCH):
        batch = prompts[start : start + BATCH]
        limits = [max(0, min(max_tokens, sequence_length - len(prompt))) for prompt in batch]
        deadline = _Deadline(clock, max_seconds)
        if depends_on_length(model):
            sizes: tuple[int, ...] = (1,)
        else:
            sizes = (BATCH, BATCH // 4, 1) if model.dtype == torch.float32 else (BATCH,)
        ids = smaller_steps(lambda size: _generate(model, batch, limits, ends, deadline, size), sizes)  # noqa: B023
        found += [
            str(tokenizer.decode(each, skip_special_tokens=True, clean_up_tokenization_spaces=False)) for each in ids
        ]
    return found


def end_ids(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """The ids that end a reply: the tokenizer's eos, and those that the model's configuration names."""
    named = model.config.eos_token_id
    ends = {tokenizer.eos_token_id, *(named if isinstance(named, list) else [named])}
    return sorted(one for one in ends if one is not None)


def _generate(
    model: "PreTrainedModel",
    prompts: Sequence[Sequence[int]],
    limits: Sequence[int],
    ends: list[int],
    deadline: "_Deadline",
    size: int,
) -> list[list[int]]:
    """The ids of each reply without its end, made `size` at a time."""
    import torch
    from transformers import GenerationConfig

    found: list[list[int]] = []
    for start in range(0, len(prompts), size):
        batch, most = prompts[start : start + size], max(limits[start : start + size])
        if not most or not all(batch):
            found += [[] for _ in batch]
            continue
        width = max(map(len, batch))
        ids = torch.tensor([[0] * (width - len(prompt)) + list(prompt) for prompt in batch], device=model.device)
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in batch], device=model.device)
        settings = GenerationConfig(do_sample=False, max_new_tokens=most, eos_token_id=ends or None, pad_token_id=0)
        with torch.inference_mode():
            output: Any = model.generate(
                ids, attention_mask=mask, generation_config=settings, stopping_criteria=[deadline]
            )
        for row, limit in zip(output[:, width:].tolist(), limits[start : start + size], strict=True):
            end = next((place for place, one in enumerate(row) if one in ends), len(row))
            found.append(row[: min(end, limit)])
    return found


class _Deadline:
    """Ends a generation that takes too long, by an error: a reply cut by the clock would differ between machines."""

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        self._clock, self._seconds, self._end = clock, seconds, clock() + seconds

    def __call__(self, ids: "torch.Tensor", _scores: Any, **_options: Any) -> "torch.Tensor":
        import torch

        if self._clock() > self._end:
            raise ScoringError(f"its replies took longer than {self._seconds:g} seconds for {BATCH} prompts")
        return torch.zeros(ids.shape[0], dtype=torch.bool, device=ids.device)
