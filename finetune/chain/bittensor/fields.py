"""The bytes in the fields of a commitment, whatever somebody has put there. It does not parse them."""

import re
from collections.abc import Sequence
from typing import Any

from finetune.chain.port import MAX_COMMITMENT_BYTES

# What a commitment counts as that is not exactly one raw field of at most 128 bytes: text that no payload parses as.
# `BigRaw` is among them, for the library decodes the text "0x61" and the byte 0x61 in it to the same answer.
NOT_RAW = b"(not exactly one raw field)"
_RAW = re.compile(r"Raw(0|[1-9][0-9]{0,2})")


def raw_fields(data: bytes) -> list[dict[str, bytes]]:
    """The fields that store `data`, at most 128 bytes, as the library takes them."""
    return [{f"Raw{len(data)}": bytes(data)}]


def raw_data(fields: Any) -> bytes:
    """The bytes that `raw_fields` stored, from the fields as the library decodes them; `NOT_RAW` for anything else.

    The library gives the bytes of a raw field as hex after "0x", and those of an empty one as an empty list.
    """
    if not (isinstance(fields, Sequence) and len(fields) == 1 and isinstance(fields[0], dict) and len(fields[0]) == 1):
        return NOT_RAW
    ((kind, value),) = fields[0].items()
    size = _RAW.fullmatch(kind) if isinstance(kind, str) else None
    if size is None or int(size[1]) > MAX_COMMITMENT_BYTES:
        return NOT_RAW
    data = _bytes(value)
    return data if data is not None and len(data) == int(size[1]) else NOT_RAW


def _bytes(value: Any) -> bytes | None:
    if value == [] or value == ():
        return b""
    if isinstance(value, str) and value.startswith("0x"):
        try:
            return bytes.fromhex(value[2:])
        except ValueError:
            return None
    return None
