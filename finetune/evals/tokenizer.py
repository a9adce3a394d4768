"""Loads a tokenizer from a folder and checks that it keeps text and fits its model. It knows no sample.

Only `tokenizer.json`, the names of three special tokens and the chat template are read: the class that a configuration
asks for, its code and its other settings are not. One that hangs is ended with the worker.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from competitions.rejection import Rejection
from finetune.errors import ModelRejected, ScoringError
from finetune.evals.faults import as_scoring_error
from finetune.evals.quiet import quiet
from finetune.hub.files import TEXT_LIMITS
from finetune.hub.strict_json import read_object

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Plain English, digits and marks, all ASCII: any tokenizer that text can be scored through keeps it. What one makes of
# rarer characters shows sample by sample (`tokens.tokenize`).
SPECIMEN = (
    'In 1928 the old lighthouse keeper (Mr. Finch) wrote: "We saw 37 ships today; 5 of them were lost by 6:40."\n'
    "Why? Nobody knows - but it's said that fog & ice were to blame, or [perhaps] a lamp at 25% of its power!"
)
# What a template that asks for today's date is told.
DAY = datetime(2025, 1, 1, tzinfo=UTC)
# A padded vocabulary is usual; one more than twice as large as its tokens is somebody else's.
_SPARE_ROWS = 1024


def load_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer in a folder. Raises `ScoringError` if it is missing or damaged."""
    from transformers import PreTrainedTokenizerFast

    with as_scoring_error("loading the tokenizer"), quiet():
        settings = _read(folder, "special_tokens_map.json") | _read(folder, "tokenizer_config.json")
        # Without a word on it, the token that the file pads with would be added where the vocabulary lacks it.
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), pad_token=None)
        # These would be obeyed by the backend and cut or lengthen every sample alike.
        tokenizer.backend_tokenizer.no_truncation()
        tokenizer.backend_tokenizer.no_padding()
        # And this would split words at random, another way at every turn.
        if getattr(tokenizer.backend_tokenizer.model, "dropout", None):
            tokenizer.backend_tokenizer.model.dropout = None
        vocabulary = tokenizer.get_vocab()
        for name in ("bos_token", "eos_token", "unk_token"):
            token = settings.get(name)
            token = token.get("content") if isinstance(token, dict) else token
            # One that is not in the vocabulary would be added to it, with an id that the model lacks.
            if isinstance(token, str) and token in vocabulary:
                setattr(tokenizer, name, token)
        tokenizer.chat_template = _template(folder, settings)
        if tokenizer.chat_template:
            _make_repeatable(tokenizer.chat_template)
    loaded: PreTrainedTokenizerBase = tokenizer
    return loaded


def check_tokenizer(tokenizer: "PreTrainedTokenizerBase", rows: int) -> None:
    """Raise `ModelRejected` where the tokenizer loses plain text or does not fit an embedding of `rows` rows."""
    largest = max(tokenizer.get_vocab().values(), default=-1)
    if not largest < rows <= 2 * (largest + 1) + _SPARE_ROWS:
        raise ModelRejected(
            Rejection(
                reason="vocabulary_does_not_fit",
                text=f"the tokenizer's largest id is {largest:,} and the model's embedding has {rows:,} rows; there "
                "must be a row for every id, and at most about twice as many",
                evidence={"largest_id": largest, "rows": rows},
            )
        )
    with as_scoring_error("tokenising plain English"):
        ids = tokenizer(SPECIMEN, add_special_tokens=False, verbose=False)["input_ids"]
        found = str(tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))
    if found.removeprefix(" ") != SPECIMEN:
        same = next(place for place in range(len(SPECIMEN) + 1) if SPECIMEN[: place + 1] != found[: place + 1])
        here, back = (repr(one[same : same + 40]) for one in (SPECIMEN, found))
        raise ModelRejected(
            Rejection(
                reason="lossy_tokenizer",
                text=f"the tokenizer does not give plain English back: from character {same} on, {here} becomes {back}",
                evidence={"given": SPECIMEN, "found": found[:400], "tokens": len(ids)},
            )
        )


def _template(folder: Path, settings: dict[str, Any]) -> str | None:
    """The chat template, from the first place that has one."""
    file = folder / "chat_template.jinja"
    if file.exists():
        if file.stat().st_size > TEXT_LIMITS[file.name]:
            raise ScoringError(f"{file.name} is larger than {TEXT_LIMITS[file.name]:,} bytes")
        return file.read_text("utf-8")
    given = settings.get("chat_template") or _read(folder, "chat_template.json").get("chat_template")
    if isinstance(given, list):
        # Some models bring several by name, for tools and retrieval.
        named = {one["name"]: one["template"] for one in given}
        given = named.get("default")
    return given if isinstance(given, str) else None


def _make_repeatable(template: str) -> None:
    """Take chance and the clock from the template: every validator must be shown the same prompt on every day.

    The library keeps each template that it has compiled, and its environment with it: that one is changed.
    """
    from transformers.utils.chat_template_utils import _compile_jinja_template

    environment = _compile_jinja_template(template).environment
    environment.filters.pop("random", None)
    environment.globals.pop("lipsum", None)
    environment.globals["strftime_now"] = DAY.strftime


def _read(folder: Path, name: str) -> dict[str, Any]:
    """The JSON object in a file, empty without the file."""
    file = folder / name
    return read_object(file, TEXT_LIMITS[name]) if file.exists() else {}
