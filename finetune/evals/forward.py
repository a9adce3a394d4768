"""Forward passes: how well a model predicts some ids after others. It knows no text and no method.

One sequence a pass, or the branches of one prompt: shapes follow from the sample alone, never from what else is scored
or from the machine, since in bfloat16 a loss depends on the shape of the batch (by up to 0.02 bits). The body of the
model runs once; its head (the matrix onto the vocabulary) runs on the scored positions only, a slice at a time, so that
memory does not grow with length times vocabulary.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from finetune.evals.memory import smaller_steps

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

# Logits that exist at a time: 2 million float32 take 8 MB, and the softmax as much again. Four times as many were no
# faster and took half as much memory again in all; half as many were slower by a quarter (SmolLM2, two cores).
LOGITS = 1 << 21

# When memory runs out: (divisor of LOGITS, positions that go through the body at a time; None for all of them).
STEPS: tuple[tuple[int, int | None], ...] = ((1, None), (16, None), (16, 1024), (64, 256), (256, 64))

# Prompt ids, then the ids whose loss counts.
Scored = tuple[list[int], list[int]]


def cross_entropy(model: "PreTrainedModel", prompt: list[int], scored: list[int]) -> float:
    """The sum of -ln p(id | all ids before it) over the ids of `scored`, in nats; NaN for an id the model lacks.

    The softmax is float32 whatever the model is: bfloat16 would round the loss of a sample to 1/64. Where memory runs
    out the same is computed in smaller steps; in bfloat16 the body is never cut, as that would change the figure.
    Raises what torch raises if the smallest steps do not fit either.
    """
    ids = prompt + scored
    if not _known(model, ids):
        return math.nan

    def compute(step: tuple[int, int | None]) -> float:
        logits, positions = step
        # Predicting an id needs the ids before it alone: the last is a target, never an input.
        hidden = _body(model, ids[:-1], positions)[-len(scored) :]
        return math.fsum(_losses(model, hidden, scored, LOGITS // logits))

    return smaller_steps(compute, _steps(model))


def branch_cross_entropies(model: "PreTrainedModel", sequences: Sequence[Scored]) -> list[float]:
    """`cross_entropy` of each of several (prompt, scored), with what they all begin with computed once.

    Sequences that show the model the same ids share a row too, such as the letters that may follow one question. The
    rows go through the model in one batch after the common beginning, padded at the end, where no id that counts sees
    the padding.
    """
    rows: list[list[int]] = []
    for prompt, scored in sequences:
        if not _known(model, prompt + scored):
            return [cross_entropy(model, prompt, scored) for prompt, scored in sequences]
        if (shown := (prompt + scored)[:-1]) not in rows:
            rows.append(shown)
    # The position before the first scored id is the last of its prompt: it must be in a row, not in the beginning.
    common = min(_common(rows), *(len(prompt) - 1 for prompt, _ in sequences))
    if not common or depends_on_length(model):
        return [cross_entropy(model, prompt, scored) for prompt, scored in sequences]

    def compute(step: tuple[int, int | None]) -> list[float]:
        if step != STEPS[0]:
            return [cross_entropy(model, prompt, scored) for prompt, scored in sequences]
        hidden = _branches(model, rows[0][:common], [row[common:] for row in rows])
        found = []
        for prompt, scored in sequences:
            row = hidden[rows.index((prompt + scored)[:-1])]
            first = len(prompt) - 1 - common
            found.append(math.fsum(_losses(model, row[first : first + len(scored)], scored, LOGITS)))
        return found

    return smaller_steps(compute, STEPS[:2])


def _body(model: "PreTrainedModel", ids: list[int], positions: int | None) -> "torch.Tensor":
    """The last hidden states of one sequence, shape (ids, hidden size).

    With `positions` that many ids go through at a time, each piece seeing the ones before through a key-value cache.
    """
    import torch

    shown = torch.tensor([ids], device=model.device)
    with torch.inference_mode():
        if positions is None or positions >= len(ids):
            hidden: torch.Tensor = model.base_model(input_ids=shown, use_cache=False).last_hidden_state[0]
            return hidden
        from transformers import DynamicCache

        cache, pieces = DynamicCache(config=model.config), []
        for piece in torch.split(shown, positions, dim=1):
            out = model.base_model(input_ids=piece, past_key_values=cache, use_cache=True)
            pieces.append(out.last_hidden_state[0])
        return torch.cat(pieces)


def _branches(model: "PreTrainedModel", beginning: list[int], tails: list[list[int]]) -> "torch.Tensor":
    """The last hidden states of the tails after one beginning, shape (tails, longest tail, hidden size)."""
    import torch
    from transformers import DynamicCache

    longest = max(len(tail) for tail in tails)
    shown = torch.zeros((len(tails), longest), dtype=torch.long)
    for row, tail in enumerate(tails):
        shown[row, : len(tail)] = torch.tensor(tail)
    with torch.inference_mode():
        cache = DynamicCache(config=model.config)
        model.base_model(
            input_ids=torch.tensor([beginning], device=model.device), past_key_values=cache, use_cache=True
        )
        cache.batch_repeat_interleave(len(tails))
        hidden: torch.Tensor = model.base_model(
            input_ids=shown.to(model.device), past_key_values=cache, use_cache=True
        ).last_hidden_state
    return hidden


def _losses(model: "PreTrainedModel", hidden: "torch.Tensor", targets: list[int], logits: int) -> list[float]:
    """-ln p of each target after its hidden state; at most `logits` logits exist at a time, or one position's.

    Gemma bounds its logits smoothly, after the head: https://arxiv.org/abs/2408.00118, section 2.
    """
    import torch

    head: Any = model.get_output_embeddings()
    bound = getattr(model.config, "final_logit_softcapping", None)
    wanted = torch.tensor(targets, device=hidden.device)
    size = max(1, logits // head.weight.shape[0])
    found: list[float] = []
    with torch.inference_mode():
        for states, ids in zip(torch.split(hidden, size), torch.split(wanted, size), strict=True):
            scores = head(states).float()
            if bound:
                scores = torch.tanh(scores / bound) * bound
            # Summed by the caller, exactly and on the host: some devices have no float64.
            found += torch.nn.functional.cross_entropy(scores, ids, reduction="none").tolist()
    return found


def depends_on_length(model: "PreTrainedModel") -> bool:
    """Whether what the model makes of an id depends on how long the pass is that it comes in.

    Long rope has one table of angles for short passes and another for long ones (https://arxiv.org/abs/2402.13753,
    section 3.4): such a model is given every sequence alone and whole.
    """
    rope = getattr(model.config, "rope_parameters", None) or {}
    return rope.get("rope_type") == "longrope"


def _steps(model: "PreTrainedModel") -> tuple[tuple[int, int | None], ...]:
    """The steps that leave the figure alone."""
    import torch

    return STEPS if model.dtype == torch.float32 and not depends_on_length(model) else STEPS[:2]


def _known(model: "PreTrainedModel", ids: list[int]) -> bool:
    """Whether the model has an embedding for every id."""
    return 0 <= min(ids) <= max(ids) < int(model.get_input_embeddings().weight.shape[0])


def _common(rows: list[list[int]]) -> int:
    """How many ids all rows begin with."""
    for position, ids in enumerate(zip(*rows, strict=False)):
        if len(set(ids)) > 1:
            return position
    return min(map(len, rows))
