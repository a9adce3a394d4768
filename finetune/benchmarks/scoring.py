"""Benchmark `scoring`: reference loss by our engine, by the plain loop and by lm-eval, sample by sample."""

import math
from collections.abc import Callable, Sequence

from finetune.benchmarks import harness
from finetune.benchmarks.material import chats
from finetune.benchmarks.plain import plain_loss
from finetune.benchmarks.race import Way, race, seconds, speeds
from finetune.benchmarks.result import Result
from finetune.benchmarks.setting import Setting
from finetune.errors import SetupError
from finetune.evals.runtime import Loaded, losses
from finetune.evals.tokens import Tokens, tokenize
from finetune.rehearsal.show import Show
from finetune.streams.sample import Sample

SAMPLES, REPEATS = 32, 3
# How many samples lm-eval puts into one forward pass.
BATCHES = (1, 8, 32)
OURS, PLAIN = "ours", "plain loop"

# A sample, and the ids that all ways score; ours makes its own from the sample, in the time that is measured.
Item = tuple[Sample, Tokens]


def scoring(setting: Setting, show: Show) -> Result:
    """How many times as fast as the plain loop each way is, and how far its figures are from it, in bits per byte."""
    show.say("loading the model")
    loaded = setting.load()
    items = items_of(setting, loaded)
    ways = [Way(name=name, run=named_way(setting, loaded, name)) for name in (OURS, PLAIN)]
    if harness.installed():
        # All at once: it sorts them by length before it makes batches.
        names = harness_names()
        ways += [Way(name=name, run=named_way(setting, loaded, name), at_once=len(items)) for name in names]
    with show.stage("scoring", setting.repeats * len(items)) as over:
        found = race(ways, items, rounds=setting.repeats, over=over)
    count = sum(len(tokens.prompt) + len(tokens.scored) for _, tokens in items)
    figures = {}
    for name, times in found.items():
        pairs = zip(times.results, found[PLAIN].results, strict=True)
        took = seconds(times)
        figures[name] = {
            **took,
            "tokens_per_second": count / took["seconds"],
            **speeds(times, found[PLAIN]),
            "largest_difference": max(abs(one - other) for one, other in pairs),
        }
    about = {**setting.about(), "tokens": count, "lm_eval": harness.installed()}
    return Result(benchmark="scoring", about=about, ways=figures, remarks=harness.remarks())


def items_of(setting: Setting, loaded: Loaded) -> list[Item]:
    """The chats of a setting, each with its ids. Raises `SetupError` where the tokenizer or the length loses one."""
    items = []
    for sample in chats(setting.documents, setting.samples, setting.seed):
        tokens = tokenize(loaded.tokenizer, sample, sequence_length=setting.sequence_length)
        if tokens is None or tokens.unscored_bytes:
            raise SetupError(f"{setting.folder}: its tokenizer or its {setting.sequence_length} tokens lose a sample")
        items.append((sample, tokens))
    return items


def harness_names() -> list[str]:
    """lm-eval's ways, one for each size of batch."""
    return [f"lm-eval, batch {batch}" for batch in BATCHES]


def named_way(setting: Setting, loaded: Loaded, name: str) -> Callable[[Sequence[Item]], list[float]]:
    """The way called `name`, giving bits per byte."""
    if name == OURS:
        return lambda items: list(
            losses(loaded, [("reference", sample) for sample, _ in items], sequence_length=setting.sequence_length)
        )
    if name == PLAIN:
        return lambda items: [_bits(plain_loss(loaded.model, one.prompt, one.scored), one) for _, one in items]
    nats = harness.harness_losses(loaded, BATCHES[harness_names().index(name)])

    def run(items: Sequence[Item]) -> list[float]:
        tokens = [tokens for _, tokens in items]
        return [_bits(found, one) for found, one in zip(nats(tokens), tokens, strict=True)]

    return run


def _bits(nats: float, tokens: Tokens) -> float:
    return nats / math.log(2) / tokens.total_bytes
