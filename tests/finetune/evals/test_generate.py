"""Generation: many replies at once are the replies that each prompt gets alone, within caps."""

import itertools
from pathlib import Path

import pytest
import torch

from finetune.errors import ScoringError
from finetune.evals import generate
from finetune.evals.generate import end_ids, replies
from finetune.evals.runtime import Loaded, load
from finetune.evals.tokens import prompt_ids
from finetune.streams.sample import Message
from tests.finetune.evals.families import NAMES, random_model

PROMPTS = ["sort: pear fig", "The", "x" * 30, "a b c", "sort: kiwi", "été"]


@pytest.fixture(scope="module")
def loaded(tiny: Path) -> Loaded:
    return load(tiny, dtype="float32", device="cpu")


def ids(loaded: Loaded, texts: list[str]) -> list[list[int]]:
    return [prompt_ids(loaded.tokenizer, (Message(role="user", content=text),)) for text in texts]


def one_by_one(loaded: Loaded, prompts: list[list[int]], tokens: int) -> list[str]:
    """The likeliest id at every step, from all ids before it, without a cache."""
    found = []
    for prompt in prompts:
        shown = list(prompt)
        while len(shown) < len(prompt) + tokens:
            with torch.no_grad():
                token = int(loaded.model(torch.tensor([shown])).logits[0, -1].argmax())
            if token == loaded.tokenizer.eos_token_id:
                break
            shown.append(token)
        found.append(loaded.tokenizer.decode(shown[len(prompt) :], skip_special_tokens=True))
    return found


def test_replies_made_together_are_those_made_alone(loaded: Loaded):
    prompts = ids(loaded, PROMPTS)
    expected = one_by_one(loaded, prompts, 20)
    assert len(set(expected)) > 2
    assert replies(loaded.model, loaded.tokenizer, prompts, sequence_length=200, max_tokens=20) == expected
    alone = [replies(loaded.model, loaded.tokenizer, [one], sequence_length=200, max_tokens=20)[0] for one in prompts]
    assert alone == expected


@pytest.mark.parametrize("name", NAMES)
def test_padding_changes_no_reply_of_any_architecture(loaded: Loaded, name: str):
    model = random_model(name)
    prompts = [list(range(3, 20)), [5, 6], list(range(30, 41))]

    def found(batch: list[list[int]]) -> list[str]:
        return replies(model, loaded.tokenizer, batch, sequence_length=100, max_tokens=12)

    together = found(prompts)
    assert together == [found([one])[0] for one in prompts]
    assert len(set(together)) > 1


def test_a_reply_ends_where_an_end_token_comes(loaded: Loaded, monkeypatch: pytest.MonkeyPatch):
    prompts = ids(loaded, PROMPTS[:2])
    whole = replies(loaded.model, loaded.tokenizer, prompts, sequence_length=200, max_tokens=20)
    letter = loaded.tokenizer(whole[0][3], add_special_tokens=False)["input_ids"][0]
    monkeypatch.setattr(loaded.model.config, "eos_token_id", [letter])
    assert end_ids(loaded.model, loaded.tokenizer) == sorted([letter, loaded.tokenizer.eos_token_id])
    cut = replies(loaded.model, loaded.tokenizer, prompts, sequence_length=200, max_tokens=20)
    assert cut == [one.split(whole[0][3])[0] for one in whole]


def test_a_reply_is_cut_at_the_sequence_length_of_its_own_prompt(loaded: Loaded):
    prompts = ids(loaded, ["a", "a" * 30])
    whole = replies(loaded.model, loaded.tokenizer, prompts, sequence_length=200, max_tokens=20)
    room = len(prompts[1]) + 4
    cut = replies(loaded.model, loaded.tokenizer, prompts, sequence_length=room, max_tokens=20)
    assert cut == [whole[0], whole[1][:4]]
    assert replies(loaded.model, loaded.tokenizer, prompts, sequence_length=4, max_tokens=20) == ["", ""]


def test_no_reply_is_longer_than_the_cap(loaded: Loaded):
    found = replies(loaded.model, loaded.tokenizer, ids(loaded, PROMPTS), sequence_length=500, max_tokens=3)
    assert all(len(one.encode(errors="replace")) <= 9 for one in found)
    assert replies(loaded.model, loaded.tokenizer, [[]], sequence_length=500) == [""]


def test_replies_that_take_too_long_are_an_error(loaded: Loaded):
    ticks = itertools.count(step=100)
    with pytest.raises(ScoringError, match="took longer than 900 seconds"):
        replies(
            loaded.model, loaded.tokenizer, ids(loaded, PROMPTS), sequence_length=500, clock=lambda: float(next(ticks))
        )


def test_where_memory_runs_out_fewer_are_made_at_a_time(tiny: Path):
    loaded = load(tiny, dtype="float32", device="cpu")
    prompts = ids(loaded, PROMPTS * 2)
    expected = replies(loaded.model, loaded.tokenizer, prompts, sequence_length=200, max_tokens=8)
    batches = []

    def check(_module, _args, options):
        batches.append(options["input_ids"].shape[0])
        if batches[-1] > 8:
            raise MemoryError

    loaded.model.base_model.register_forward_pre_hook(check, with_kwargs=True)
    assert replies(loaded.model, loaded.tokenizer, prompts, sequence_length=200, max_tokens=8) == expected
    assert (batches[0], set(batches[1:])) == (12, {8, 4})
    with pytest.raises(MemoryError):
        replies(loaded.model.bfloat16(), loaded.tokenizer, prompts, sequence_length=200, max_tokens=8)


def test_more_prompts_than_a_batch_are_made_in_several(loaded: Loaded, monkeypatch: pytest.MonkeyPatch):
    prompts = ids(loaded, PROMPTS)
    expected = replies(loaded.model, loaded.tokenizer, prompts, sequence_length=200, max_tokens=8)
    monkeypatch.setattr(generate, "BATCH", 4)
    assert replies(loaded.model, loaded.tokenizer, prompts, sequence_length=200, max_tokens=8) == expected
