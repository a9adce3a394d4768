"""Reads every number of a folder's weight files once, in slices, and finds what no honest weight is.

A NaN or an infinity in a row that no sample touches shows in no loss; here it does. Numbers are compared as the
integers of their bits: without the sign these are in the order of the magnitudes, infinity and then every NaN above
all others, so no comparison is false because something is not a number. No tensor is held whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from competitions.rejection import Rejection
from finetune.hub.files import weight_files
from finetune.hub.safetensors_header import Tensor, read_header

# Bytes; a multiple of every item size. A slice and what is computed from it stay in the caches of a core: 16 MiB at a
# time took three times as long.
SLICE = 1024 * 1024

# What trained language models stay far below, and float16 (up to 65,504) can still multiply. Norm weights and biases
# of vectors reach some hundreds (key biases, scales after a norm); entries of matrices and embeddings some tens, and
# their root mean square stays below 2.
MAX_IN_VECTOR = 10_000.0
MAX_IN_MATRIX = 1_000.0
MAX_RMS_OF_MATRIX = 10.0

Bits = npt.NDArray[Any]  # unsigned integers, one a number


@dataclass(frozen=True, kw_only=True)
class _Format:
    """How one dtype's numbers look as integers of their bits.

    Moved up by `shift` they are the bits of a float32, which times `scale` is the number: bfloat16 is the upper half of
    a float32, float16 has 10 bits of fraction for 23 and an exponent offset of 15 for 127.
    """

    bits: str
    infinity: int  # every exponent bit set, nothing else
    shift: int = 0
    scale: float = 1.0


_FORMATS = {
    "F32": _Format(bits="<u4", infinity=0x7F800000),
    "F16": _Format(bits="<u2", infinity=0x7C00, shift=23 - 10, scale=2.0 ** (127 - 15)),
    "BF16": _Format(bits="<u2", infinity=0x7F80, shift=16),
}


def scan_weights(folder: Path, *, progress: Callable[[int], None] | None = None) -> Rejection | None:
    """Every number in every weight file is finite and of a size that a trained model could have.

    Of a matrix (two dimensions or more) the root mean square is bounded too. Memory is a few slices of 1 MiB,
    however large the files. `progress` is called with the bytes of each slice that was read. Expects sound headers.

    Raises:
        ValueError: a weight file is malformed, or was cut short while it was read.
    """
    # Made once: new memory for every slice costs more than the work on it.
    buffer, room = np.empty(SLICE, np.uint8), np.empty(SLICE // 2, np.uint32)
    for file in weight_files(folder):
        tensors = read_header(file)
        with file.open("rb", buffering=0) as stream:
            for tensor in tensors:
                if rejection := _scan(tensor, _slices(tensor, stream, buffer, progress), room):
                    return rejection
    return None


def _scan(tensor: Tensor, slices: Iterator[Bits], room: npt.NDArray[np.uint32]) -> Rejection | None:
    infinity = _FORMATS[tensor.dtype].infinity
    matrix = len(tensor.shape) > 1
    limit = MAX_IN_MATRIX if matrix else MAX_IN_VECTOR
    largest = position = wrong = 0
    first = -1
    squares = 0.0
    for magnitudes in slices:
        top = int(magnitudes.max())
        if top >= infinity:
            bad = magnitudes >= infinity
            first = position + int(bad.argmax()) if first < 0 else first
            wrong += int(np.count_nonzero(bad))
        else:
            largest = max(largest, top)
            # Beyond the limit the tensor is out already, and its squares might overflow.
            if matrix and _number(top, tensor.dtype) <= limit:
                numbers = _numbers(magnitudes, tensor.dtype, room)
                squares += float(np.dot(numbers, numbers))
        position += magnitudes.size
    if wrong:
        return _not_finite(tensor, wrong, first)
    if (figure := _number(largest, tensor.dtype)) > limit:
        return _implausible(tensor, "largest", figure, limit)
    if position and (figure := (squares / position) ** 0.5) > MAX_RMS_OF_MATRIX:
        return _implausible(tensor, "root mean square", figure, MAX_RMS_OF_MATRIX)
    return None


def _slices(
    tensor: Tensor, stream: FileIO, buffer: npt.NDArray[np.uint8], progress: Callable[[int], None] | None
) -> Iterator[Bits]:
    """The tensor's magnitudes: its numbers' bits without the sign. Each slice is overwritten by the next."""
    form = _FORMATS[tensor.dtype]
    stream.seek(tensor.start)
    left = tensor.end - tensor.start
    while left:
        size = min(left, buffer.nbytes)
        filled = 0
        while filled < size:
            read = stream.readinto(buffer.data[filled:size])
            if not read:
                raise ValueError(f"{tensor.file.name} was cut short while it was read")
            filled += read
        magnitudes = buffer[:size].view(form.bits)
        magnitudes &= form.infinity | (form.infinity - 1)  # every bit but the sign
        yield magnitudes
        left -= size
        if progress:
            progress(size)


def _numbers(magnitudes: Bits, dtype: str, room: npt.NDArray[np.uint32]) -> npt.NDArray[np.float32]:
    """The magnitudes as numbers, in `room`. Only for finite ones: float16's infinity would become a number."""
    form = _FORMATS[dtype]
    wide = np.left_shift(magnitudes, np.uint32(form.shift), out=room[: magnitudes.size], dtype=np.uint32)
    numbers = wide.view(np.float32)
    if form.scale != 1:
        numbers *= np.float32(form.scale)
    return numbers


def _number(magnitude: int, dtype: str) -> float:
    return float(_numbers(np.array([magnitude], np.uint32), dtype, np.empty(1, np.uint32))[0])


def _not_finite(tensor: Tensor, wrong: int, first: int) -> Rejection:
    return Rejection(
        reason="not_finite",
        text=f"tensor {tensor.name[:200]} has {wrong:,} numbers that are NaN or infinite, the first at index {first:,}",
        evidence={"tensor": tensor.name[:200], "count": wrong, "first": first},
    )


def _implausible(tensor: Tensor, what: str, figure: float, allowed: float) -> Rejection:
    return Rejection(
        reason="implausible_weights",
        text=f"the {what} of tensor {tensor.name[:200]} is {figure:g}; at most {allowed:g} is allowed",
        evidence={"tensor": tensor.name[:200], "what": what, "figure": figure, "allowed": allowed},
    )
