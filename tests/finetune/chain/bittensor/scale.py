"""The library's own codec over a registry of a few types, written by hand: commitments as a node stores them.

So tests see fields decoded by the code that decodes them in life. The layout is the chain's `pallets/commitments`.
"""

from functools import cache
from typing import Any

import bittensor_core

_U8, _U32, _U64, _BYTES, _DATA, _FIELDS, _INFO, _REGISTRATION, _FIRST_ARRAY = range(9)
_PRIMITIVES = {_U8: 3, _U32: 5, _U64: 6}
LARGEST_RAW = 128
# The kinds of a field, by the byte that says so.
VARIANTS = (
    "None",
    *(f"Raw{size}" for size in range(LARGEST_RAW + 1)),
    *("BlakeTwo256", "Sha256", "Keccak256", "ShaThree256", "TimelockEncrypted", "ResetBondsFlag", "BigRaw"),
)


def _compact(number: int) -> bytes:
    return bytes([number << 2]) if number < 64 else ((number << 2) | 1).to_bytes(2, "little")


def _text(text: str) -> bytes:
    return _compact(len(text)) + text.encode()


def _fields(fields: list[tuple[str | None, int]]) -> bytes:
    out = _compact(len(fields))
    for name, kind in fields:
        out += (b"\0" if name is None else b"\1" + _text(name)) + _compact(kind) + b"\0" + _compact(0)
    return out


def _data_type() -> bytes:
    out = b"\1" + _compact(len(VARIANTS))
    for index, name in enumerate(VARIANTS):
        contents: list[tuple[str | None, int]] = [(None, _FIRST_ARRAY + 32)]
        if name in ("None", "ResetBondsFlag"):
            contents = []
        elif name.startswith("Raw"):
            contents = [(None, _FIRST_ARRAY + int(name[3:]))]
        elif name == "TimelockEncrypted":
            contents = [("encrypted", _BYTES), ("reveal_round", _U64)]
        elif name == "BigRaw":
            contents = [(None, _BYTES)]
        out += _text(name) + _fields(contents) + bytes([index]) + _compact(0)
    return out


@cache
def _runtime() -> Any:
    types = {kind: b"\5" + bytes([number]) for kind, number in _PRIMITIVES.items()}
    types[_BYTES] = b"\2" + _compact(_U8)
    types[_DATA] = _data_type()
    types[_FIELDS] = b"\2" + _compact(_DATA)
    types[_INFO] = b"\0" + _fields([("fields", _FIELDS)])
    types[_REGISTRATION] = b"\0" + _fields([("deposit", _U64), ("block", _U32), ("info", _INFO)])
    for size in range(LARGEST_RAW + 1):
        types[_FIRST_ARRAY + size] = b"\3" + size.to_bytes(4, "little") + _compact(_U8)
    registry = b"".join(_compact(kind) + _compact(0) * 2 + types[kind] + _compact(0) for kind in sorted(types))
    no_pallets_and_extrinsic = _compact(0) * 2 + b"\4" + _compact(0) * 2
    return bittensor_core.Runtime(b"meta\x0e" + _compact(len(types)) + registry + no_pallets_and_extrinsic, 1, 1, 42)


def encode_info(info: dict[str, Any]) -> bytes:
    """A `CommitmentInfo` as it goes to the chain. Raises `ValueError` as the library does."""
    return bytes(_runtime().encode(f"scale_info::{_INFO}", info))


def decode_registration(block: int, info: bytes) -> dict[str, Any]:
    """What the library makes of a stored commitment."""
    stored = (0).to_bytes(8, "little") + block.to_bytes(4, "little") + info
    record: dict[str, Any] = _runtime().decode(f"scale_info::{_REGISTRATION}", stored, True)
    return record
