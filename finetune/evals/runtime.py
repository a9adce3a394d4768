"""Loads a model from a folder and scores it on samples, in this process. It knows no hub, no rules and no process.

Nothing that a folder's files say is taken on trust: the configuration is rebuilt, the tokenizer read in part, the
library's report on missing and unknown weights is believed over its silence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from competitions.batches import sample_loss
from competitions.competition import WORST_LOSS
from finetune.errors import ModelRejected, ScoringError, SetupError
from finetune.evals.adapter import attach
from finetune.evals.faults import as_scoring_error
from finetune.evals.quiet import quiet
from finetune.evals.registry import find_method
from finetune.evals.tokenizer import load_tokenizer
from finetune.hub.architectures import ARCHITECTURES
from finetune.hub.config_gate import rebuilt_config
from finetune.hub.config_rebuild import Rebuilt
from finetune.hub.files import ADAPTER_CONFIG, CONFIG, TEXT_LIMITS
from finetune.hub.strict_json import read_object
from finetune.streams.sample import AnySample

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DType = Literal["float32", "bfloat16"]
GENERATION_CONFIG = "generation_config.json"


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
    model = load_model(base or folder, dtype=dtype, device=device)
    if base:
        attach(model, folder)
    return Loaded(model=model.eval(), tokenizer=load_tokenizer(tokenizer or base or folder))


def load_model(folder: Path, *, dtype: DType, device: str) -> "PreTrainedModel":
    """The full model in `folder` on its device, its configuration rebuilt. Raises `ScoringError`."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

    if (folder / ADAPTER_CONFIG).exists():
        raise ScoringError(f"the folder holds {ADAPTER_CONFIG}: an adapter is loaded over a base, and none was given")
    with as_scoring_error("loading the model"), quiet():
        config = AutoConfig.for_model(**model_config(folder))
        model, report = AutoModelForCausalLM.from_pretrained(
            folder,
            config=config,
            # Its own could ask for sampling, for other models, and for what a generation costs.
            generation_config=GenerationConfig(),
            dtype=getattr(torch, dtype),
            # No attn_implementation: the default is sdpa, and eager for families that have no other, such as Gemma 2.
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
        model.config.eos_token_id = _end_ids(folder)
    # The library fills missing weights at random and drops unknown ones, and says so in this report only.
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        if report[kind]:
            names = sorted(map(str, report[kind]))
            raise ScoringError(f"there are {len(names)} {kind.replace('_', ' ')}, the first of them {names[0]:.200}")
    with as_scoring_error(f"moving the model to {device}"):
        loaded: PreTrainedModel = model.to(device).eval()
    return loaded


def model_config(folder: Path) -> dict[str, Any]:
    """The rebuilt configuration of the full model in `folder`. Raises `ModelRejected`."""
    rebuilt = rebuilt_config(folder / CONFIG, tuple(ARCHITECTURES))
    if not isinstance(rebuilt, Rebuilt):
        raise ModelRejected(rebuilt)
    return rebuilt.config


def losses(loaded: Loaded, items: Sequence[tuple[str, AnySample]], *, sequence_length: int) -> Iterator[float]:
    """The loss of each (method, sample) in turn, from 0 to the method's worst.

    `sequence_length` is in tokens, prompt and reply together. A method that takes several samples at once is given the
    next ones of its own ahead of their turn; in float32 a figure depends on its own sample alone all the same. Raises
    `SetupError` for an unknown method or a sample that it does not take, and `ScoringError` if the model or its
    tokenizer fails.
    """
    ahead: dict[int, float] = {}
    for number, (name, _) in enumerate(items):
        if number not in ahead:
            method = find_method(name)
            numbers = [each for each in range(number, len(items)) if items[each][0] == name][: method.batch]
            samples = [items[each][1] for each in numbers]
            for sample in samples:
                if not isinstance(sample, method.scores):
                    raise SetupError(f"method {name} scores a {method.scores.__name__}, not a {type(sample).__name__}")
            with as_scoring_error("scoring a sample"):
                found = list(method.losses(loaded.model, loaded.tokenizer, samples, sequence_length=sequence_length))
            ahead.update(zip(numbers, found, strict=True))
        yield sample_loss(ahead.pop(number), WORST_LOSS[name])


def _end_ids(folder: Path) -> list[int] | None:
    """The ids that end a reply, from the configuration and from the generation settings that chat models bring."""
    ends: set[int] = set()
    for name in (CONFIG, GENERATION_CONFIG):
        file = folder / name
        given = read_object(file, TEXT_LIMITS[name]).get("eos_token_id") if file.exists() else None
        ends |= {one for one in (given if isinstance(given, list) else [given]) if type(one) is int}
    # Chat models name up to four; a list of all ids would cost time at every step.
    return sorted(ends)[:16] or None
