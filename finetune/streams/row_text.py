"""Which texts of others a sample may hold: not empty, without control characters or marks of a chat template.

A tokenizer reads such a mark inside a message as the end of a turn or of the whole text, and each tokenizer knows
marks of its own, so a sample with one would measure the tokenizer. Tags of reasoning (<think>) are no such marks.
"""

import re
import unicodedata

from finetune.streams.parquet_rows import BadRow

_MARK = re.compile(
    r"""
      <\| [^<>\n]{1,60}? \|>                                         # <|im_start|>; DeepSeek's bars are wide
    | \[ /? INST \]  |  <</? SYS >>                                   # Llama 2, Mistral
    | \[ /? (?: AVAILABLE_TOOLS | TOOL_CALLS | TOOL_RESULTS | SYSTEM_PROMPT | gMASK ) \]
    | </? s >  |  < (?: bos | eos | pad | unk | mask | sop | eop ) >
    | < (?: start | end ) _of_ (?: turn | image | audio ) >           # Gemma
    | < (?: unused | extra_id_ ) \d{1,4} >
    """,
    re.VERBOSE | re.IGNORECASE,
)

# Wide and small forms of ordinary characters, which a tokenizer that normalises makes ordinary. The full normalisation
# of Unicode takes quadratic time over combining marks.
_ORDINARY = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0xFE64: ord("<"), 0xFE65: ord(">")}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def checked(text: str) -> str:
    """The text without white space around it. Raises `BadRow` for one that no sample may hold."""
    text = text.strip()
    if not text:
        raise BadRow("a text is empty")
    if has_control(text):
        raise BadRow("a text has control characters")
    if imitates_template(text):
        raise BadRow("a text imitates a chat template")
    return text


def imitates_template(text: str) -> bool:
    """Whether the text holds what looks like a special token of a well-known chat template."""
    return _MARK.search(text.translate(_ORDINARY)) is not None


def seen(text: str) -> str:
    """What a reader tells texts apart by: without marks that do not show, wide letters as ordinary ones."""
    shown = "".join(one for one in text.translate(_ORDINARY) if unicodedata.category(one) != "Cf")
    return " ".join(shown.split())


def has_control(text: str) -> bool:
    """Whether the text holds a control character other than a tab or the end of a line."""
    return _CONTROL.search(text) is not None
