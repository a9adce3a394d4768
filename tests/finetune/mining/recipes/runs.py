"""Small trainings, in this process or in one of their own that dies of a real SIGKILL."""

import multiprocessing
import os
import resource
import shutil
import signal
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from finetune.mining.recipes import training
from finetune.mining.recipes.files import read_recipe
from finetune.mining.recipes.progress import Progress
from finetune.mining.recipes.recipe import Recipe
from finetune.mining.recipes.training import Trained, train_recipe
from finetune.streams.sample import AnySample, Message, PreferenceSample, Sample

# What no recipe's test depends on: small, exact, and all of it on this CPU.
EXACT = ("sequence_length=64", "dtype=float32", "checkpointing=false", "accumulation=1", "batch_size=4")
WORDS = ("plum", "fig", "kiwi", "date", "lime", "pear", "nut", "bean")

RULES = """
id = 1
title = "Word sorting"
reward = 1.0
first_block = 0
[constraints]
architectures = ["LlamaForCausalLM"]
max_parameters = 2_000_000
max_bytes = 20_000_000
sequence_length = 96
lora = "allowed"
[[constraints.bases]]
repository = "owner/tiny-llama"
[epsilon]
start = 0.05
end = 0.01
decay_blocks = 400
[reference]
repository = "owner/tiny-llama"
[[tasks]]
name = "WORD_SORTING"
method = "reference"
stream = "word_sorting"
weight = 1.0
"""


def recipe(name: str, *settings: str) -> Recipe:
    return read_recipe(name, [*EXACT, *settings])


def replies(begin: int, end: int) -> list[AnySample]:
    """Chats that a tiny model can learn: a word is repeated."""
    return [
        Sample(messages=(Message(role="user", content=text),), reference=f"{text} {text}", document=text)
        for text in (f"{WORDS[i % 8]} {i % 97}" for i in range(begin, end))
    ]


def pairs(begin: int, end: int) -> list[AnySample]:
    """The same, preferred to a constant."""
    return [
        PreferenceSample(messages=one.messages, chosen=one.reference, rejected="no no no", document=one.document)
        for one in replies(begin, end)
        if isinstance(one, Sample)
    ]


def run(
    base: Path, out: Path, how: Recipe, *, samples: int = 24, on_progress: Callable[[Progress], None] = lambda _: None
) -> Trained | None:
    make = pairs if how.learns == "pairs" else replies
    train, held_out = make(0, samples), make(1000, 1008)
    return train_recipe(base, out, train, held_out, how, device="cpu", on_progress=on_progress)


@dataclass(frozen=True, kw_only=True)
class Death:
    """How a process ends: at a step, at a limit of file sizes, or halfway through its work on files.

    That is writing a checkpoint's optimizer, removing a checkpoint, or writing the result.
    """

    step: int = 0
    half_checkpoint: int = 0
    half_removed: int = 0
    half_result: bool = False
    most_bytes: int = 0


def run_apart(base: Path, out: Path, how: Recipe, death: Death, *, samples: int = 24) -> int | None:
    """The exit code of a training in a process of its own; -9 is a SIGKILL."""
    # Forked, since the libraries take seconds to import. It shares no lock: nothing runs beside a test.
    process = multiprocessing.get_context("fork").Process(target=_apart, args=(base, out, how, death, samples))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    process.join(100)
    code = process.exitcode
    process.kill()
    process.join()
    return code


def _apart(base: Path, out: Path, how: Recipe, death: Death, samples: int) -> None:
    import torch

    torch.set_num_threads(1)
    if death.most_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (death.most_bytes, death.most_bytes))
    if death.half_checkpoint:
        _die_writing(death.half_checkpoint)
    if death.half_removed:
        _die_removing(death.half_removed)
    if death.half_result:
        training.write_submission = _die_in

    def watch(progress: Progress) -> None:
        if progress.step == death.step and progress.loss is not None:
            os.kill(os.getpid(), signal.SIGKILL)

    run(base, out, how, samples=samples, on_progress=watch)


def _die_writing(step: int) -> None:
    """Die of SIGKILL in the middle of the optimizer's file in the checkpoint of that step."""
    import torch

    whole = torch.save

    def half(value: object, file: object, *args: object, **kwargs: object) -> None:
        path = str(file)
        if path.endswith(f"checkpoint-{step}/optimizer.pt"):
            Path(path).write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
        whole(value, file, *args, **kwargs)

    torch.save = half  # this process is about to die


def _die_removing(step: int) -> None:
    """Die of SIGKILL when the weights of the checkpoint of that step are removed, and nothing else of it yet."""
    whole = shutil.rmtree

    def half(path: object, *args: object, **kwargs: object) -> None:
        if str(path).endswith(f"checkpoint-{step}"):
            Path(str(path), "adapter_model.safetensors").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        whole(str(path), *args, **kwargs)

    shutil.rmtree = half


def _die_in(folder: Path, *_: object) -> None:
    """Die of SIGKILL when half of the result is in its folder."""
    (folder / "half").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
