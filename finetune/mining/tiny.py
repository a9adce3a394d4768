"""Builds a tiny model from nothing: a Llama of half a million parameters that reads bytes. It knows no training.

For rehearsals and tests: it loads and scores in milliseconds, and learns in seconds.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from finetune.evals.quiet import quiet
from finetune.mining.folders import new_folder

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

SEQUENCE_LENGTH = 512
SPECIAL = ("<bos>", "<eos>", "<system>", "<user>", "<assistant>")
CHAT_TEMPLATE = (
    "{{ '<bos>' }}{% for message in messages %}{{ '<' + message['role'] + '>' + message['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"
)


def build_tiny(out: Path, *, seed: int = 0, hidden: int = 96, layers: int = 3) -> None:
    """Write an untrained tiny model with its tokenizer into the new folder `out`, in float32.

    The same arguments give the same weights. Raises `SetupError` if `out` is there already.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=256 + len(SPECIAL),
        hidden_size=hidden,
        intermediate_size=hidden * 3,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 24,
        num_key_value_heads=hidden // 24,
        max_position_embeddings=SEQUENCE_LENGTH,
        tie_word_embeddings=True,
        bos_token_id=256,
        eos_token_id=257,
    )
    with new_folder(out) as folder, quiet():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            LlamaForCausalLM(config).save_pretrained(folder)
        byte_tokenizer().save_pretrained(folder)


def byte_tokenizer() -> "PreTrainedTokenizerFast":
    """A tokenizer with one token for each byte of UTF-8, five special tokens and a chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    symbols = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={symbol: i for i, symbol in enumerate(symbols)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL))
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<bos>", eos_token="<eos>")
    wrapped.chat_template = CHAT_TEMPLATE
    wrapped.model_max_length = SEQUENCE_LENGTH
    return wrapped
