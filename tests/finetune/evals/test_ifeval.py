"""IFEval: the share of rules that replies break, as the rules themselves say."""

from pathlib import Path

import pytest

from finetune.errors import ModelRejected
from finetune.evals import ifeval as method
from finetune.evals.generate import replies
from finetune.evals.runtime import Loaded, load, losses
from finetune.evals.tokens import prompt_ids
from finetune.streams.rules.registry import broken, make_rule
from finetune.streams.sample import InstructionSample, Message
from tests.finetune.evals.models import scores, text

NO_COMMA = make_rule("punctuation:no_comma", {})
LOWERCASE = make_rule("change_case:english_lowercase", {})


def ask(content: str, *rules) -> InstructionSample:
    return InstructionSample(messages=(Message(role="user", content=content),), rules=rules, document=content)


@pytest.fixture(scope="module")
def loaded(tiny: Path) -> Loaded:
    return load(tiny, dtype="float32", device="cpu")


def test_a_loss_is_the_share_of_rules_that_the_greedy_reply_breaks(loaded: Loaded):
    samples = [ask("sort: pear fig", NO_COMMA, LOWERCASE), ask("The", NO_COMMA, LOWERCASE), ask("x", LOWERCASE)]
    prompts = [prompt_ids(loaded.tokenizer, sample.messages) for sample in samples]
    said = replies(loaded.model, loaded.tokenizer, prompts, sequence_length=64)
    assert len(set(said)) == 3
    expected = [broken(sample.rules, one) / len(sample.rules) for sample, one in zip(samples, said, strict=True)]
    assert scores(loaded, "ifeval", samples) == expected


def saying(monkeypatch: pytest.MonkeyPatch, *said: str) -> list[int]:
    """Let the model say these, whatever it is; how many prompts came at a time."""
    left, batches = list(said), []

    def reply(_model, _tokenizer, prompts, **_options) -> list[str]:
        batches.append(len(prompts))
        return [left.pop(0) for _ in prompts]

    monkeypatch.setattr(method, "replies", reply)
    return batches


def test_rules_are_counted_one_by_one_and_a_blank_reply_breaks_all(loaded: Loaded, monkeypatch: pytest.MonkeyPatch):
    saying(monkeypatch, "all is well", "All, and more", "all, of it", " \n")
    samples = [ask(str(number), NO_COMMA, LOWERCASE) for number in range(4)]
    assert scores(loaded, "ifeval", samples) == [0.0, 1.0, 0.5, 1.0]


def test_the_same_reply_to_different_prompts_keeps_no_rule(loaded: Loaded, monkeypatch: pytest.MonkeyPatch):
    saying(monkeypatch, "fine", "another", " fine\n", "another")
    samples = [ask("a", NO_COMMA), ask("b", NO_COMMA), ask("c", NO_COMMA), ask("b", NO_COMMA)]
    assert scores(loaded, "ifeval", samples) == [1.0, 0.0, 1.0, 0.0]


def test_a_constant_reply_that_is_cut_off_elsewhere_keeps_no_rule(loaded: Loaded, monkeypatch: pytest.MonkeyPatch):
    constant = "all of us will come to the harbour tomorrow and wait for the ships"
    saying(monkeypatch, constant[:50], "all of us will come to the harbour today", constant)
    samples = [ask("a", NO_COMMA), ask("b", NO_COMMA), ask("c", NO_COMMA)]
    assert scores(loaded, "ifeval", samples) == [1.0, 0.0, 1.0]


def test_one_of_few_replies_that_were_asked_for_may_be_given_again(loaded: Loaded, monkeypatch: pytest.MonkeyPatch):
    one_of = make_rule("detectable_format:constrained_response", {"answers": ["I agree.", "I disagree."]})
    saying(monkeypatch, *["I agree.", "I disagree."] * 5, "I agree.")
    samples = [*(ask(str(number), one_of) for number in range(10)), ask("z", NO_COMMA)]
    assert scores(loaded, "ifeval", samples) == [*[0.0] * 10, 1.0]


def test_degenerate_replies_are_a_rejection(loaded: Loaded, monkeypatch: pytest.MonkeyPatch):
    saying(monkeypatch, *["yes"] * 10)
    with pytest.raises(ModelRejected) as caught:
        scores(loaded, "ifeval", [ask(str(number), NO_COMMA) for number in range(10)])
    assert caught.value.rejection.reason == "degenerate_output"


def test_replies_are_made_a_batch_ahead_among_other_methods(loaded: Loaded, monkeypatch: pytest.MonkeyPatch):
    batches = saying(monkeypatch, *[f"number {number}" for number in range(40)])
    items: list = []
    for number in range(40):
        items += [("text", text(f"t{number}")), ("ifeval", ask(str(number), NO_COMMA))]
    found = losses(loaded, items, sequence_length=64)
    next(found)
    assert batches == []
    assert next(found) == 0.0
    assert batches == [32]
    assert len(list(found)) == 78
    assert batches == [32, 8]
