"""Benchmark `memory`: what scoring adds to a process with the model loaded and warm, each way in a process of its own.

On a CPU it is the kernel's own count of the most resident memory (`VmHWM` of Linux, set back just before), less what
was resident then. On a GPU it is what torch counts.
"""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from statistics import median

from finetune.benchmarks import harness
from finetune.benchmarks.result import Result
from finetune.benchmarks.scoring import OURS, PLAIN, harness_names, items_of, named_way
from finetune.benchmarks.setting import Setting
from finetune.errors import ScorerUnavailable, SetupError
from finetune.evals.forward import cross_entropy
from finetune.evals.tokens import tokenize
from finetune.rehearsal.show import Show
from finetune.streams.sample import Sample

SAMPLES, REPEATS = 32, 1
LONG = "ours, 4,096 tokens of a vocabulary of 150,000"
_LONG_TOKENS, _LONG_VOCABULARY = 4096, 150_000


def memory(setting: Setting, show: Show) -> Result:
    """The peak that each way adds, in megabytes (10^6 bytes), and as a share of the plain loop's.

    One more line is a long text under a large vocabulary, in float32 on a small random model: its logits alone would
    take 2,458 MB.
    """
    names = [OURS, PLAIN, *(harness_names() if harness.installed() else [])]
    peaks: dict[str, list[float]] = {name: [] for name in (*names, LONG)}
    with show.stage("memory", setting.repeats * len(peaks)) as over:
        for turn in range(setting.repeats):
            for done, name in enumerate(peaks, start=turn * len(peaks) + 1):
                peaks[name].append(in_a_fresh_process(_added, setting, name) / 1e6)
                over(name, done)
    plain = median(peaks[PLAIN])
    figures: dict[str, dict[str, float | None]] = {}
    for name, found in peaks.items():
        added = median(found)
        figures[name] = {"added_megabytes": added, "share_of_plain": added / plain if plain and name != LONG else None}
    about = {**setting.about(), "lm_eval": harness.installed()}
    return Result(benchmark="memory", about=about, ways=figures, remarks=harness.remarks())


def in_a_fresh_process(function: Callable[..., int], *given: object) -> int:
    """`function` of what is given, in a process that has done nothing before. Raises `ScorerUnavailable` if it dies."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool:
        try:
            return pool.submit(function, *given).result()
        except BrokenProcessPool as error:
            raise ScorerUnavailable(f"the process of {given[-1]} ended early: most likely memory ran out") from error


def _added(setting: Setting, name: str) -> int:
    """Bytes that one way adds at its peak; runs in the fresh process."""
    if name == LONG:
        return added_by_a_long_text(_LONG_TOKENS, setting.device)
    loaded = setting.load()
    items = items_of(setting, loaded)
    run = named_way(setting, loaded, name)
    # Long enough to set up threads and kernels, too short to make room for what comes.
    short = Sample(messages=(), reference="ab", document="")
    tokens = tokenize(loaded.tokenizer, short, sequence_length=setting.sequence_length)
    if tokens is None:
        raise SetupError(f"{setting.folder}: its tokenizer loses {short.reference!r}")
    run([(short, tokens)])
    return peak_of(lambda: run(items), setting.device)


def added_by_a_long_text(tokens: int, device: str) -> int:
    """Bytes that the loss of so many tokens adds on a small random model with a large vocabulary, in float32."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=_LONG_VOCABULARY,
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=tokens,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config).to(device).eval()
    ids = [position * 7919 % _LONG_VOCABULARY for position in range(tokens)]
    cross_entropy(model, ids[:1], ids[1:3])
    return peak_of(lambda: cross_entropy(model, ids[:1], ids[1:]), device)


def peak_of(work: Callable[[], object], device: str) -> int:
    """Bytes by which `work` raises this process's memory on the device at most. Raises `SetupError` without Linux."""
    if device == "cuda":
        import torch

        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        return int(torch.cuda.max_memory_allocated() - before)
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the most resident memory is what is resident now
    except OSError as error:
        raise SetupError("memory is measured with /proc/self/clear_refs, which only Linux has") from error
    before = _resident("VmRSS")
    work()
    return _resident("VmHWM") - before


def _resident(key: str) -> int:
    """One line of /proc/self/status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024
