"""Texts of training data, under the rules for texts that are scored. It knows no form."""

from typing import Any

from finetune.mining.dataset.faults import BadLine, shown
from finetune.streams.row_text import imitates_template


def text_of(value: Any, where: str) -> str:
    """The text without white space around it. Raises `BadLine` for one that no sample may hold."""
    if not isinstance(value, str):
        raise BadLine("a value has the wrong type", f"{where} is {shown(value)}; it must be a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        half = shown(value[error.start])
        raise BadLine("a text is not Unicode", f"{where} has {half}, half of a pair, at {error.start + 1}") from None
    if "\0" in value:
        raise BadLine("a text has a NUL", f"{where} has one at character {value.index(chr(0)) + 1}; none is allowed")
    if not value.strip():
        raise BadLine("a text is empty", f"{where} must have a character that is not white space")
    if imitates_template(value):
        raise BadLine("a text imitates a chat template", f"{where} has a mark such as <|im_end|>, </s> or [INST]")
    return value.strip()
