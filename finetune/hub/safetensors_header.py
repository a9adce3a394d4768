"""The header of a safetensors file, read and checked here so that nobody else has to parse a stranger's file first.

The format: 8 bytes little-endian length n, n bytes of JSON (name -> dtype, shape, data_offsets, and an optional
`__metadata__`), then the data. https://github.com/huggingface/safetensors, README, section "Format".
No tensor is read: memory is bounded by the header's own bounds.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.hub.strict_json import parse_object

# A tensor takes 100 to 150 bytes of header and the largest models have some thousands in one file, so honest headers
# stay under 2 MB. 45 MB cost the usual loader 14 s and 0.9 GB.
MAX_HEADER_BYTES = 10_000_000
MAX_DIMENSIONS = 8
ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2}

_NAME = re.compile(r"[\x21-\x7e]{1,512}")


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """Where one tensor lies: bytes `start` to `end` of `file`. `dtype` is the format's own word, such as "BF16"."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: Path
    start: int
    end: int

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


def read_header(file: Path) -> tuple[Tensor, ...]:
    """The tensors of one file, in the order of their data, which they fill without a gap or an overlap.

    Raises:
        ValueError: what is wrong with the file, in words.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > size - 8:
            raise ValueError("it ends inside its header")
        if length > MAX_HEADER_BYTES:
            raise ValueError(f"its header has {length:,} bytes; at most {MAX_HEADER_BYTES:,} are allowed")
        header = parse_object(stream.read(length))
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("its __metadata__ is not a map of texts")
    if not header:
        raise ValueError("it holds no tensor")
    tensors = sorted(
        (_tensor(file, name, entry, data_start=8 + length) for name, entry in header.items()),
        key=lambda tensor: (tensor.start, tensor.end),
    )
    position = 8 + length
    for tensor in tensors:
        if tensor.start != position:
            raise ValueError(f"tensor {tensor.name} begins at byte {tensor.start:,}, where {position:,} is next")
        position = tensor.end
    if position != size:
        raise ValueError(f"its tensors end at byte {position:,} and the file at {size:,}")
    return tuple(tensors)


def _tensor(file: Path, name: str, entry: Any, *, data_start: int) -> Tensor:
    """One entry of the header, checked but for its place among the others."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"a tensor is named {name[:80]!r}; 1 to 512 printable ASCII characters are allowed")
    if not isinstance(entry, Mapping) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"tensor {name} must have dtype, shape and data_offsets, and nothing else")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise ValueError(f"tensor {name} is of type {str(dtype)[:20]}; allowed are {', '.join(ITEM_BYTES)}")
    if not _are_sizes(shape) or len(shape) > MAX_DIMENSIONS:
        raise ValueError(f"the shape of tensor {name} must be at most {MAX_DIMENSIONS} sizes")
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise ValueError(f"the offsets of tensor {name} must be two sizes")
    begin, end = offsets
    if end - begin != math.prod(shape) * ITEM_BYTES[dtype]:
        raise ValueError(f"tensor {name} has {end - begin:,} bytes, not what its shape and type take")
    return Tensor(name=name, dtype=dtype, shape=tuple(shape), file=file, start=data_start + begin, end=data_start + end)


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**62 for item in value)
