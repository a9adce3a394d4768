"""Which file names a submission may have: the one list that the gates, the digest and the cache go by.

The names are exact and all at the top level, so no path can leave a folder, and no loader finds a second
configuration, a second tokenizer or code under a name of its own. What the files hold is for the gates to judge.
"""

import re
from collections.abc import Collection
from pathlib import Path

MIB = 1024 * 1024
MAX_FILES = 100

# The largest size of each text file, in bytes. Tokenizers of 256,000 tokens take 33 MiB of tokenizer.json and 1.2 MiB
# of tokenizer_config.json; an index takes about 90 bytes a tensor. `tokenizer.model` is not in the list: a
# tokenizer.json says the same without a second parser of binary files.
TEXT_LIMITS = {
    "config.json": MIB,
    "generation_config.json": MIB,
    "adapter_config.json": MIB,
    "model.safetensors.index.json": 16 * MIB,
    "tokenizer.json": 64 * MIB,
    "tokenizer_config.json": 4 * MIB,
    "special_tokens_map.json": MIB,
    "added_tokens.json": 4 * MIB,
    "vocab.json": 16 * MIB,
    "vocab.txt": 16 * MIB,
    "merges.txt": 16 * MIB,
    "chat_template.jinja": MIB,
    "chat_template.json": MIB,
}
CONFIG = "config.json"
INDEX = "model.safetensors.index.json"
ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
ALLOWED = "*.safetensors as transformers and PEFT name them, " + ", ".join(TEXT_LIMITS)

_MODEL_WEIGHTS = re.compile(r"model(-[0-9]{5}-of-[0-9]{5})?\.safetensors")
_ADDED_BY_A_HUB = re.compile(r"README\.md|\.gitattributes|LICENSE[A-Za-z0-9._-]{0,32}")


def is_model_weights(path: str) -> bool:
    """Whether the name is one of a full model's weight files."""
    return _MODEL_WEIGHTS.fullmatch(path) is not None


def is_weights(path: str) -> bool:
    """Whether the name is one of a full model's or an adapter's weight files."""
    return path == ADAPTER_WEIGHTS or is_model_weights(path)


def is_complete(weights: Collection[str]) -> bool:
    """Whether these are all weight files of a full model: `model.safetensors`, or each of n numbered shards."""
    shards = {f"model-{number:05}-of-{len(weights):05}.safetensors" for number in range(1, len(weights) + 1)}
    return set(weights) in ({"model.safetensors"}, shards) and bool(weights)


def counts(path: str) -> bool:
    """Whether the file is part of a submission: it is downloaded, and its content is in the digest."""
    return path in TEXT_LIMITS or is_weights(path)


def added_by_hub(path: str) -> bool:
    """Whether a hub or its website may have added the file: allowed, never downloaded, not in the digest."""
    return _ADDED_BY_A_HUB.fullmatch(path) is not None


def weight_files(folder: Path) -> list[Path]:
    """The weight files of a folder, sorted by name."""
    return sorted(path for path in folder.iterdir() if is_weights(path.name))
