"""The one way from a sample to token ids, for scoring and for training alike. It knows no model.

Prompt and reference are tokenised apart, without special tokens, and their ids joined: no token spans both, so the
tokens that are scored hold the reference's bytes and no others.

- The prompt of a chat is the tokenizer's chat template, rendered with the generation prompt on the messages before the
  reference. It is rendered on their roles, with a mark for each content, and the contents are put in after: a template
  is a program, and one that sees the question could write the answer into the prompt. A tokenizer without a template
  gets each message's content followed by a newline.
- Without messages the prompt is the one token that begins a text: bos, else eos. A tokenizer with neither has nothing
  to predict the first reference token from, so that token is not scored.
- Of a reference too long for the model the last tokens are not scored. The prompt is never cut.

Bytes in no scored token are counted in whole characters and never too few: a character that is split between a scored
and an unscored token counts as unscored.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finetune.evals.faults import as_scoring_error
from finetune.streams.sample import Message, Sample

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Stands for a message's content while the template is rendered: a character of Unicode's private use, around a number.
_MARK = "\ue0f7"
_MARKED = re.compile(f"{_MARK}([0-9]{{1,4}}){_MARK}")


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """A sample as a model sees it: the ids of `prompt`, then the ids of `scored`, whose loss counts.

    `unscored_bytes` of the reference's `total_bytes` (UTF-8) are in no scored token. `prompt` is never empty where
    `scored` is not.
    """

    prompt: list[int]
    scored: list[int]
    unscored_bytes: int
    total_bytes: int


def tokenize(tokenizer: "PreTrainedTokenizerBase", sample: Sample, *, sequence_length: int) -> Tokens | None:
    """The ids of one sample, or None if decoding loses the reference.

    Prompt and scored ids are at most `sequence_length` together; a longer prompt leaves nothing scored. Decoding the
    reference's ids must give its text back; one space at its beginning may come or go, as some tokenizers do. An empty
    reference is lost too. Raises `ScoringError` if the tokenizer or its chat template fails.
    """
    with as_scoring_error("tokenising a sample"):
        text = sample.reference
        ids = _ids(tokenizer, text)
        decoded = _text(tokenizer, ids)
        if not text or not ids or text not in (decoded, " " + decoded, decoded.removeprefix(" ")):
            return None
        prompt = prompt_ids(tokenizer, sample.messages)
        # Without anything before it, the first id of the reference is shown and not scored.
        head = 0 if prompt else 1
        prompt = prompt or ids[:1]
        end = head + max(0, sequence_length - len(prompt))
        unscored = 0
        if head:
            unscored += _bytes_beyond(_text(tokenizer, ids[head:])[::-1], text[::-1])
        if end < len(ids):
            unscored += _bytes_beyond(_text(tokenizer, ids[:end]).removeprefix(" "), text.removeprefix(" "))
    total = len(text.encode())
    return Tokens(prompt=prompt, scored=ids[head:end], unscored_bytes=min(unscored, total), total_bytes=total)


def prompt_ids(tokenizer: "PreTrainedTokenizerBase", messages: tuple[Message, ...]) -> list[int]:
    """The ids before the reference; empty only where there is no text and the tokenizer has neither bos nor eos.

    Raises whatever a hostile chat template makes the library raise.
    """
    if messages and tokenizer.chat_template:
        turns = [{"role": message.role, "content": f"{_MARK}{i}{_MARK}"} for i, message in enumerate(messages)]
        frame = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        contents = {str(i): message.content for i, message in enumerate(messages)}
        # A template may write marks of its own: those of no message stay as they are.
        text = _MARKED.sub(lambda found: contents.get(found[1], found[0]), frame)
    else:
        text = "".join(message.content + "\n" for message in messages)
    beginnings = (tokenizer.bos_token_id, tokenizer.eos_token_id)
    return _ids(tokenizer, text) or [token for token in beginnings if token is not None][:1]


def _ids(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    # verbose=False: a text beyond the tokenizer's own idea of a length is no news here.
    return list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])


def _text(tokenizer: "PreTrainedTokenizerBase", ids: list[int]) -> str:
    return str(tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def _bytes_beyond(beginning: str, text: str) -> int:
    """UTF-8 bytes of `text` after the characters in which it agrees with `beginning`."""
    common = 0
    for left, right in zip(beginning, text, strict=False):
        if left != right:
            break
        common += 1
    return len(text[common:].encode())
