"""Bits per byte: the same as a plain loop, whatever the tokenizer; what cannot be scored costs 8 bits a byte."""

import math
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM

from finetune.evals.runtime import Loaded, load
from tests.finetune.evals.models import chat, letter_tokenizer, plain_loop, scores, text, uniform_model

LONG = 512


def loss(loaded: Loaded, sample, *, sequence_length: int = LONG, method: str = "reference") -> float:
    (figure,) = scores(loaded, method, [sample], sequence_length=sequence_length)
    return figure


def cpu(folder: Path, **options) -> Loaded:
    return load(folder, dtype="float32", device="cpu", **options)


def test_a_chat_costs_what_a_plain_loop_says(tiny: Path):
    expected = plain_loop(tiny, "<bos><user>sort: pear fig<assistant>", "fig pear, été")
    assert 1 < expected < 8
    assert loss(cpu(tiny), chat("sort: pear fig", "fig pear, été")) == pytest.approx(expected, abs=1e-5)


def test_plain_text_costs_what_a_plain_loop_after_bos_says(tiny: Path):
    expected = plain_loop(tiny, "<bos>", "The quick brown fox")
    assert 1 < expected < 8
    assert loss(cpu(tiny), text("The quick brown fox"), method="text") == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("width", "bos"), [(1, "a"), (2, "aa")])
def test_longer_tokens_gain_nothing(tmp_path: Path, width: int, bos: str):
    # 16 letters of 4 bits, or 256 pairs of 8: knowing nothing more, both pay 4 bits a byte.
    folder = uniform_model(tmp_path, letter_tokenizer(width, bos=bos))
    assert loss(cpu(folder), text("abcdponm")) == pytest.approx(4.0, abs=1e-6)


def test_256_equally_likely_bytes_cost_exactly_8_bits_each(tmp_path: Path):
    model = LlamaForCausalLM.from_pretrained(uniform_model(tmp_path, letter_tokenizer(2, bos="aa")))
    from finetune.evals.forward import cross_entropy

    assert cross_entropy(model, [0], [7, 200, 31]) / math.log(2) == pytest.approx(3 * 8.0, abs=1e-5)


def test_bytes_beyond_the_sequence_length_cost_8_bits_each(tiny: Path):
    fits = plain_loop(tiny, "<bos>", "abcdef") * 6
    # <bos> and six bytes are seven ids; two bytes stay out.
    assert loss(cpu(tiny), text("abcdefgh"), sequence_length=7) == pytest.approx((fits + 16) / 8, abs=1e-5)


def test_a_prompt_beyond_the_sequence_length_costs_the_worst(tiny: Path):
    assert loss(cpu(tiny), chat("x" * 100, "abc"), sequence_length=50) == 8.0


def test_without_bos_and_eos_the_first_token_costs_8_bits_a_byte(tmp_path: Path):
    folder = uniform_model(tmp_path, letter_tokenizer(2))
    assert loss(cpu(folder), text("abcd")) == pytest.approx((2 * 8 + 2 * 4) / 4, abs=1e-6)


def test_a_tokenizer_that_drops_characters_gets_the_worst(tmp_path: Path):
    loaded = cpu(uniform_model(tmp_path, letter_tokenizer(1, bos="a")))
    assert loss(loaded, text("abc")) == pytest.approx(4.0)
    assert loss(loaded, text("abc!")) == 8.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_weights_that_are_no_numbers_get_the_worst(tiny: Path, value: float):
    loaded = cpu(tiny)
    with torch.no_grad():
        loaded.model.model.layers[0].mlp.down_proj.weight.fill_(value)
    assert loss(loaded, text("abc")) == 8.0


def test_a_model_that_is_sure_and_wrong_pays_no_more_than_the_worst(tiny: Path):
    loaded = cpu(tiny)
    with torch.no_grad():
        loaded.model.model.norm.weight.mul_(1e6)
    assert loss(loaded, text("abc")) == 8.0


def test_an_id_that_the_model_lacks_gets_the_worst(tiny: Path):
    loaded = cpu(tiny)
    loaded.tokenizer.add_tokens(["zebra"])
    assert loss(loaded, text("a zebra")) == 8.0
    assert loss(loaded, text("a horse")) < 8.0
