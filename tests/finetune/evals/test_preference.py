"""Preference: whether the better reply is the likelier one, byte for byte."""

import math
from pathlib import Path

import pytest
import torch

from finetune.evals.runtime import Loaded, load
from finetune.streams.sample import Message, PreferenceSample
from tests.finetune.evals.models import chat, letter_tokenizer, scores, uniform_model


def cpu(folder: Path) -> Loaded:
    return load(folder, dtype="float32", device="cpu")


def pair(chosen: str, rejected: str, content: str = "sort: pear fig") -> PreferenceSample:
    return PreferenceSample(
        messages=(Message(role="user", content=content),), chosen=chosen, rejected=rejected, document="d"
    )


def test_it_is_the_sigmoid_of_the_difference_in_nats_per_byte(tiny: Path):
    loaded = cpu(tiny)
    chosen, rejected = scores(loaded, "reference", [chat("sort: pear fig", one) for one in ("fig pear", "pear, f")])
    margin = (rejected - chosen) * math.log(2)
    assert margin > 0.1
    expected = math.log2(1 + math.exp(-margin))
    assert scores(loaded, "preference", [pair("fig pear", "pear, f")]) == pytest.approx([expected], abs=1e-5)
    assert scores(loaded, "preference", [pair("pear, f", "fig pear")])[0] > 1 > expected


def test_no_difference_costs_one_bit_whatever_the_lengths(tmp_path: Path):
    loaded = cpu(uniform_model(tmp_path, letter_tokenizer(1, bos="a")))
    assert scores(loaded, "preference", [pair("ab", "ponmlk", "abcd")]) == pytest.approx([1.0])


@pytest.mark.parametrize("lost", [("ab!", "ab"), ("ab", "a b"), ("", "ab")])
def test_a_reply_that_the_tokenizer_loses_costs_the_worst(tmp_path: Path, lost: tuple[str, str]):
    loaded = cpu(uniform_model(tmp_path, letter_tokenizer(1, bos="a")))
    assert scores(loaded, "preference", [pair(*lost, "abcd")]) == [8.0]


def test_a_prompt_beyond_the_sequence_length_costs_the_worst(tiny: Path):
    assert scores(cpu(tiny), "preference", [pair("a", "b", "x" * 100)]) == [8.0]


def test_weights_that_are_no_numbers_cost_the_worst(tiny: Path):
    loaded = cpu(tiny)
    with torch.no_grad():
        loaded.model.model.norm.weight.fill_(float("nan"))
    assert scores(loaded, "preference", [pair("a", "b")]) == [8.0]


def test_a_margin_beyond_all_bounds_overflows_nothing(tiny: Path):
    loaded = cpu(tiny)
    with torch.no_grad():
        loaded.model.model.norm.weight.mul_(1e6)
    (good,), (bad,) = (scores(loaded, "preference", [one]) for one in (pair("fig", "pear"), pair("pear", "fig")))
    assert sorted([good, bad]) == [pytest.approx(0.0), 8.0]
