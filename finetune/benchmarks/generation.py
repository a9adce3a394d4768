"""Benchmark `generation`: replies to IFEval requests, our many at a time beside one by one."""

from collections.abc import Sequence

from finetune.benchmarks.material import requests
from finetune.benchmarks.plain import plain_reply
from finetune.benchmarks.race import Way, race, seconds, speeds
from finetune.benchmarks.result import Result
from finetune.benchmarks.setting import Setting
from finetune.evals.generate import end_ids, replies
from finetune.evals.tokens import prompt_ids
from finetune.rehearsal.show import Show

SAMPLES, REPEATS = 32, 3
# A reply is cut here, for both ways alike, so that the slow one ends within minutes.
MAX_TOKENS = 64
OURS, ONE_BY_ONE = "ours", "one by one"


def generation(setting: Setting, show: Show) -> Result:
    """How many times as fast as one by one, and how many replies are the same to the letter."""
    show.say("loading the model")
    loaded = setting.load()
    model, tokenizer = loaded.model, loaded.tokenizer
    prompts = [prompt_ids(tokenizer, sample.messages) for sample in requests(setting.samples, setting.seed)]
    most = min(MAX_TOKENS, setting.sequence_length - max(map(len, prompts)))
    ends = end_ids(model, tokenizer)

    def ours(batch: Sequence[list[int]]) -> list[str]:
        return replies(model, tokenizer, batch, sequence_length=setting.sequence_length, max_tokens=most)

    def one_by_one(batch: Sequence[list[int]]) -> list[str]:
        found = [plain_reply(model, prompt, ends=ends, max_tokens=most) for prompt in batch]
        return [
            str(tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)) for ids in found
        ]

    ways = [Way(name=OURS, run=ours, at_once=len(prompts)), Way(name=ONE_BY_ONE, run=one_by_one)]
    with show.stage("generation", setting.repeats * len(prompts)) as over:
        found = race(ways, prompts, rounds=setting.repeats, over=over)
    figures = {}
    for name, times in found.items():
        took = seconds(times)
        # Counted in the text, the same way for both.
        count = sum(len(tokenizer(reply, add_special_tokens=False)["input_ids"]) for reply in times.results)
        same = sum(one == other for one, other in zip(times.results, found[ONE_BY_ONE].results, strict=True))
        figures[name] = {
            **took,
            "tokens_per_second": count / took["seconds"],
            **speeds(times, found[ONE_BY_ONE]),
            "same_replies": same,
        }
    about = {**setting.about(), "prompt_tokens": sum(map(len, prompts)), "most_tokens": most}
    return Result(benchmark="generation", about=about, ways=figures)
