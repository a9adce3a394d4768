"""Models and tokenizers small enough to be made for one test, and an independent way to score them."""

import itertools
import math
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from finetune.evals.runtime import Loaded, losses
from finetune.mining.tiny import build_tiny
from finetune.mining.train import Recipe, train
from finetune.streams.sample import Message, Sample

LETTERS = "abcdefghijklmnop"


def chat(content: str, reference: str) -> Sample:
    return Sample(messages=(Message(role="user", content=content),), reference=reference, document="d")


def text(reference: str) -> Sample:
    return Sample(messages=(), reference=reference, document="d")


def scores(loaded: Loaded, method: str, samples: list, *, sequence_length: int = 64) -> list[float]:
    """The loss of each sample under one method."""
    return list(losses(loaded, [(method, sample) for sample in samples], sequence_length=sequence_length))


def taught_tiny(folder: Path) -> Path:
    """A tiny model that has seen a little English: it predicts some bytes much rather than others."""
    build_tiny(folder / "base", hidden=48, layers=2)
    samples = itertools.cycle(
        [chat("sort: pear fig", "fig pear, \u00e9t\u00e9"), text("The quick red fox jumps over a dog.")]
    )
    recipe = Recipe(steps=30, batch_size=2, learning_rate=5e-3, warmup_steps=5, sequence_length=64)
    train(folder / "base", folder / "taught", samples, recipe)
    return folder / "taught"


def plain_loop(folder: Path, prompt: str, reference: str) -> float:
    """Bits per byte the plain way: all logits, cross-entropy on copies shifted by one."""
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    before = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    ids = torch.tensor([before + tokenizer(reference, add_special_tokens=False)["input_ids"]])
    with torch.no_grad():
        logits = model(ids).logits
    nats = torch.nn.functional.cross_entropy(logits[0, :-1], ids[0, 1:], reduction="none")[len(before) - 1 :].sum()
    return nats.item() / math.log(2) / len(reference.encode())


def letter_tokenizer(width: int, *, bos: str | None = None) -> PreTrainedTokenizerFast:
    """Each token is `width` of the 16 letters; every other character is dropped without a word."""
    words = [""]
    for _ in range(width):
        words = [word + letter for word in words for letter in LETTERS]
    tokenizer = Tokenizer(models.WordLevel(vocab={word: i for i, word in enumerate(words)}, unk_token="none"))
    tokenizer.normalizer = normalizers.Replace(Regex(f"[^{LETTERS}]"), "")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("." * width), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=bos)


def uniform_model(folder: Path, tokenizer: PreTrainedTokenizerFast) -> Path:
    """A model of zeros: each token of the vocabulary is as likely as another, whatever came before."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
