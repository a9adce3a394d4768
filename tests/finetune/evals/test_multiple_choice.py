"""Multiple choice: the right option's share of the likelihood, whatever letter it stands under."""

import math
import string
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from finetune.evals.multiple_choice import question
from finetune.evals.runtime import Loaded, load
from finetune.mining.tiny import build_tiny
from finetune.mining.train import Recipe, train
from finetune.streams.draws import Draws
from finetune.streams.sample import ChoiceSample, Message, Sample
from tests.finetune.evals.models import letter_tokenizer, scores, uniform_model

FRUIT = ChoiceSample(question="Which is red?", options=("sky", "cherry", "grass"), right=1, document="d")
LONG = 512


def cpu(folder: Path) -> Loaded:
    return load(folder, dtype="float32", device="cpu")


def by_hand(folder: Path, sample: ChoiceSample) -> float:
    """Every option of every rotation from scratch, through all logits."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    bits = []
    for rotation in range(len(sample.options)):
        turned = sample.options[rotation:] + sample.options[:rotation]
        chat = [{"role": "user", "content": question(sample, rotation)}]
        prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
        ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        shares = []
        for letter in string.ascii_uppercase[: len(turned)]:
            answer = tokenizer(letter, add_special_tokens=False)["input_ids"]
            with torch.no_grad():
                logits = model(torch.tensor([ids + answer])).logits[0]
            shares.append(math.exp(logits[len(ids) - 1].log_softmax(0)[answer[0]].item()))
        bits.append(-math.log2(shares[turned.index(sample.options[sample.right])] / sum(shares)))
    return sum(bits) / len(bits)


def test_it_costs_what_every_option_from_scratch_says(tiny: Path):
    expected = by_hand(tiny, FRUIT)
    assert expected != pytest.approx(math.log2(3), abs=1e-3)
    assert scores(cpu(tiny), "multiple_choice", [FRUIT], sequence_length=LONG) == pytest.approx([expected], abs=1e-5)


def test_the_options_are_shown_in_order_under_letters():
    assert question(FRUIT, 0).splitlines()[2:5] == ["A. sky", "B. cherry", "C. grass"]
    assert question(FRUIT, 2).splitlines()[2:5] == ["A. grass", "B. sky", "C. cherry"]


def test_a_model_that_likes_a_letter_gains_nothing(tiny: Path):
    loaded = cpu(tiny)
    letter = loaded.tokenizer("C", add_special_tokens=False)["input_ids"][0]

    def like(_module, _inputs, output):
        output[..., letter] += 20
        return output

    loaded.model.get_output_embeddings().register_forward_hook(like)
    # Right once in three rotations and sure: 0 there, the worst in the two others.
    assert scores(loaded, "multiple_choice", [FRUIT], sequence_length=LONG) == pytest.approx([16 / 3], abs=0.01)


def test_a_model_that_knows_nothing_pays_log2_of_the_options(tmp_path: Path):
    build_tiny(tmp_path / "m", hidden=24, layers=1)
    loaded = cpu(tmp_path / "m")
    with torch.no_grad():
        loaded.model.model.norm.weight.zero_()
    four = ChoiceSample(question="Which?", options=("a", "b", "c", "d"), right=3, document="d")
    assert scores(loaded, "multiple_choice", [FRUIT, four], sequence_length=LONG) == pytest.approx([math.log2(3), 2.0])


def test_an_answer_that_was_learned_costs_little(tmp_path: Path):
    def lesson(number: int) -> ChoiceSample:
        draws = Draws(number.to_bytes(32, "big"))
        options = draws.distinct(("x", "o", "u", "i"), 3)
        return ChoiceSample(question=f"{options[1]}?", options=tuple(options), right=1, document=str(number))

    def shown(sample: ChoiceSample, turn: int) -> Sample:
        place = (sample.right - turn) % 3
        return Sample(
            messages=(Message(role="user", content=question(sample, turn)),), reference="ABC"[place], document="d"
        )

    build_tiny(tmp_path / "base", hidden=48, layers=2)
    samples = [shown(lesson(number), number % 3) for number in range(400)]
    recipe = Recipe(steps=50, batch_size=8, learning_rate=5e-3, warmup_steps=5, sequence_length=128)
    train(tmp_path / "base", tmp_path / "taught", samples, recipe)
    fresh = [lesson(number) for number in range(1000, 1010)]
    before, after = (
        sum(scores(cpu(tmp_path / name), "multiple_choice", fresh, sequence_length=128)) for name in ("base", "taught")
    )
    assert after < before


def test_a_question_beyond_the_sequence_length_costs_the_worst(tiny: Path):
    assert scores(cpu(tiny), "multiple_choice", [FRUIT], sequence_length=40) == [8.0]


def test_a_letter_that_the_tokenizer_loses_costs_the_worst(tmp_path: Path):
    loaded = cpu(uniform_model(tmp_path, letter_tokenizer(1, bos="a")))
    assert scores(loaded, "multiple_choice", [FRUIT], sequence_length=LONG) == [8.0]


def test_weights_that_are_no_numbers_cost_the_worst(tiny: Path):
    loaded = cpu(tiny)
    with torch.no_grad():
        loaded.model.model.norm.weight.fill_(float("nan"))
    assert scores(loaded, "multiple_choice", [FRUIT], sequence_length=LONG) == [8.0]
