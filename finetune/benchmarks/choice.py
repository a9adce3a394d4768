"""Benchmark `choice`: questions with four options, scored over all rotations, beside scoring from scratch."""

import math
from collections.abc import Callable, Sequence
from statistics import mean
from string import ascii_uppercase

from finetune.benchmarks.material import OPTIONS, questions
from finetune.benchmarks.plain import plain_loss
from finetune.benchmarks.race import Way, race, seconds, speeds
from finetune.benchmarks.result import Result
from finetune.benchmarks.setting import Setting
from finetune.evals.multiple_choice import question
from finetune.evals.runtime import Loaded, losses
from finetune.evals.tokens import prompt_ids
from finetune.rehearsal.show import Show
from finetune.streams.sample import ChoiceSample, Message

SAMPLES, REPEATS = 3, 3
OURS, SCRATCH, ROTATION = "ours", "a pass an option", "a pass a rotation"


def choice(setting: Setting, show: Show) -> Result:
    """How many times as fast as one pass for each option of each rotation, and how far the bits are apart.

    The third way is one pass a rotation, all letters read from it: what a careful script would do where every letter is
    one token.
    """
    show.say("loading the model")
    loaded = setting.load()
    samples = questions(setting.documents, setting.samples, setting.seed)

    def ours(batch: Sequence[ChoiceSample]) -> list[float]:
        wanted = [("multiple_choice", sample) for sample in batch]
        return list(losses(loaded, wanted, sequence_length=setting.sequence_length))

    ways = [Way(name=OURS, run=ours)]
    ways.append(Way(name=SCRATCH, run=_from_scratch(loaded, _pass_an_option)))
    if all(len(_letter(loaded, letter)) == 1 for letter in ascii_uppercase[:OPTIONS]):
        ways.append(Way(name=ROTATION, run=_from_scratch(loaded, _pass_a_rotation)))
    with show.stage("choice", setting.repeats * len(samples)) as over:
        found = race(ways, samples, rounds=setting.repeats, over=over)
    figures = {}
    for name, times in found.items():
        pairs = zip(times.results, found[SCRATCH].results, strict=True)
        figures[name] = {
            **seconds(times),
            **speeds(times, found[SCRATCH]),
            "largest_difference": max(abs(one - other) for one, other in pairs),
        }
    tokens = mean(len(_prompt(loaded, sample, 0)) for sample in samples)
    about = {**setting.about(), "prompt_tokens": round(tokens), "options": OPTIONS}
    return Result(benchmark="choice", about=about, ways=figures)


# The nats of every letter after a prompt.
Letters = Callable[[Loaded, list[int], list[list[int]]], list[float]]


def _from_scratch(loaded: Loaded, letters: Letters) -> Callable[[Sequence[ChoiceSample]], list[float]]:
    """Bits of each sample: the formula of `multiple_choice`, every rotation by itself."""

    def bits(sample: ChoiceSample) -> float:
        count = len(sample.options)
        found = []
        for rotation in range(count):
            prompt = _prompt(loaded, sample, rotation)
            nats = letters(loaded, prompt, [_letter(loaded, letter) for letter in ascii_uppercase[:count]])
            share = math.exp(-nats[(sample.right - rotation) % count]) / math.fsum(math.exp(-one) for one in nats)
            found.append(-math.log2(share))
        return mean(found)

    return lambda samples: [bits(sample) for sample in samples]


def _pass_an_option(loaded: Loaded, prompt: list[int], letters: list[list[int]]) -> list[float]:
    return [plain_loss(loaded.model, prompt, letter) for letter in letters]


def _pass_a_rotation(loaded: Loaded, prompt: list[int], letters: list[list[int]]) -> list[float]:
    import torch

    with torch.inference_mode():
        logits = loaded.model(input_ids=torch.tensor([prompt], device=loaded.model.device)).logits[0, -1]
        nats = -torch.log_softmax(logits.float(), dim=-1)
    return [float(nats[letter[0]]) for letter in letters]


def _prompt(loaded: Loaded, sample: ChoiceSample, rotation: int) -> list[int]:
    return prompt_ids(loaded.tokenizer, (Message(role="user", content=question(sample, rotation)),))


def _letter(loaded: Loaded, letter: str) -> list[int]:
    return list(loaded.tokenizer(letter, add_special_tokens=False)["input_ids"])
