"""Loads a model from a folder and scores it on samples, in this process. It knows no hub, no rules and no rejection.

What a folder may hold is checked before it comes here; here only what the libraries make of it is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from competitions.batches import sample_loss
from competitions.competition import WORST_LOSS
from finetune.errors import ScoringError
from finetune.evals.faults import as_scoring_error
from finetune.evals.quiet import quiet
from finetune.evals.registry import find_method
from finetune.streams.sample import Sample

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DType = Literal["float32", "bfloat16"]


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A model on its device, ready to be scored, with its tokenizer."""

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"


def load(folder: Path, *, base: Path | None = None, tokenizer: Path | None = None, dtype: DType, device: str) -> Loaded:
    """Load the full model in `folder`, or with `base` the LoRA adapter in `folder` over the full model in `base`.

    The tokenizer is the one in `tokenizer` where that is given, else the base's for an adapter and the folder's own
    for a full model. The base that an adapter names itself is never looked at. `device` is what torch calls it:
    "cpu", "cuda", "mps". Raises `ScoringError` if a file is missing or damaged, or if the weights are not exactly
    the ones that the architecture has.
    """
    from finetune.evals.adapter import ADAPTER_CONFIG, attach

    if base is None and (folder / ADAPTER_CONFIG).exists():
        raise ScoringError(f"{folder} holds {ADAPTER_CONFIG}: an adapter is loaded over a base, and none was given")
    model = _load_full(base or folder, dtype)
    if base:
        model = attach(model, folder)
    with as_scoring_error(f"moving the model to {device}"):
        return Loaded(model=model.to(device).eval(), tokenizer=_load_tokenizer(tokenizer or base or folder))


def losses(loaded: Loaded, method: str, samples: Iterable[Sample], *, sequence_length: int) -> Iterator[float]:
    """The loss of each sample in turn, from 0 to the method's worst; a figure depends on its own sample alone.

    `sequence_length` is in tokens, prompt and reference together. Raises `SetupError` for an unknown method, and
    `ScoringError` if the model or its tokenizer fails on a sample.
    """
    found = find_method(method)
    for sample in samples:
        with as_scoring_error("scoring a sample"):
            loss = found(loaded.model, loaded.tokenizer, sample, sequence_length=sequence_length)
        yield sample_loss(loss, WORST_LOSS[method])


def _load_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer in a folder."""
    from transformers import AutoTokenizer

    with as_scoring_error(f"loading the tokenizer in {folder}"), quiet():
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    return tokenizer


def _load_full(folder: Path, dtype: DType) -> "PreTrainedModel":
    """A full model, on the CPU."""
    import torch
    from transformers import AutoModelForCausalLM

    with as_scoring_error(f"loading {folder}"), quiet():
        model, report = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=getattr(torch, dtype),
            attn_implementation="sdpa",
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    # The library fills missing weights at random and drops unknown ones, and says so in this report only.
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        if report[kind]:
            names = sorted(map(str, report[kind]))
            raise ScoringError(f"{folder} has {len(names)} {kind.replace('_', ' ')}, the first of them {names[0]:.200}")
    loaded: PreTrainedModel = model
    return loaded
