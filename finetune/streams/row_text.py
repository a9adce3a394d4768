"""Which texts of a dataset a sample may hold: not empty, and without marks that imitate a chat template.

A tokenizer reads such a mark inside a message as the end of a turn or of the whole text, and each tokenizer knows
marks of its own, so a sample with one would measure the tokenizer. Tags of reasoning (<think>) are no such marks.
"""

import re

from finetune.streams.parquet_rows import BadRow

_MARK = re.compile(
    r"""
      <[|\uff5c] [^<>\n]{1,60}? [|\uff5c]>                            # <|im_start|>, and DeepSeek's wide bars
    | \[ /? INST \]  |  <</? SYS >>                                   # Llama 2, Mistral
    | \[ /? (?: AVAILABLE_TOOLS | TOOL_CALLS | TOOL_RESULTS | SYSTEM_PROMPT | gMASK ) \]
    | </? s >  |  < (?: bos | eos | pad | unk | mask | sop | eop ) >
    | < (?: start | end ) _of_ (?: turn | image | audio ) >           # Gemma
    | < (?: unused | extra_id_ ) \d{1,4} >
    """,
    re.VERBOSE | re.IGNORECASE,
)


def checked(text: str) -> str:
    """The text without white space around it. Raises `BadRow` for one that no sample may hold."""
    text = text.strip()
    if not text:
        raise BadRow("a text is empty")
    if imitates_template(text):
        raise BadRow("a text imitates a chat template")
    return text


def imitates_template(text: str) -> bool:
    """Whether the text holds what looks like a special token of a well-known chat template."""
    return _MARK.search(text) is not None
