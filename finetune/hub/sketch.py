"""A sketch of a model: a few weights of each tensor, by which models are compared long after their files are gone.

Which weights is fixed for ever by a tensor's name and shape, so every validator has the same sketch of a model, and two
sketches hold the same places. File names, shards, order and number format change nothing, but for rounding. Neurons in
another order, or scales moved between layers, make a copy look like a stranger, and so do changes at just these places:
whoever works for it can hide. Hence a sketch decides about no more than a place in the queue. It knows no rules.
"""

import hashlib
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from competitions.lineage import FARTHEST, Likeness
from finetune.hub.files import weight_files
from finetune.hub.safetensors_header import ITEM_BYTES, Tensor, read_header

# A tensor gives 16 runs of 8 neighbouring weights, each in one page of the disk or two: some thousand pages of 15 GB.
_RUNS = 16
_RUN = 8
_PLACES = _RUNS * _RUN
_MOST_TENSORS = 1_024  # the largest; bounds a sketch to 0.6 MB. A model of 7B parameters has some 300 tensors
_SEED = b"finetune lineage 1"

_ROW = np.dtype([("id", "<u8"), ("size", "<f8"), ("weights", "<f4", (_PLACES,))])


@dataclass(frozen=True, eq=False)
class Sketch:
    """One row a tensor, sorted by id: its id, how many weights it has, and `_PLACES` of them, zeros where it has fewer.

    The id stands for the name, the shape and what the model is an adapter for.
    """

    rows: npt.NDArray[np.void]

    def to_bytes(self) -> bytes:
        """The sketch as it is kept: some 160 kB for a model of 7B parameters."""
        return self.rows.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Sketch":
        """The sketch that was kept. Raises `ValueError` for bytes of another length than any sketch has."""
        return cls(np.frombuffer(data, _ROW))


def sketch(folder: Path, *, base: str | None = None) -> Sketch:
    """Sketch a folder's weight files. Reads some pages of each tensor, so seconds for 15 GB.

    Args:
        base: the digest of the model that an adapter stands on. Adapters of different bases have nothing in common.

    Raises:
        ValueError: a weight file is malformed, or was cut short while it was read.
    """
    tensors = [tensor for file in weight_files(folder) for tensor in read_header(file) if tensor.parameters]
    tensors.sort(key=lambda tensor: (-tensor.parameters, tensor.name))
    rows = np.zeros(min(len(tensors), _MOST_TENSORS), _ROW)
    with ExitStack() as stack:
        streams = {file: stack.enter_context(file.open("rb", buffering=0)) for file in weight_files(folder)}
        for row, tensor in zip(rows, tensors[:_MOST_TENSORS], strict=True):
            token = _token(tensor, base)
            weights = _sampled(tensor, streams[tensor.file].fileno(), token)
            row["id"] = int.from_bytes(token[:8], "little")
            row["size"] = tensor.parameters
            row["weights"][: weights.size] = weights
    # Two tensors of one id would take a search for 2^64 names; one of them is enough then.
    return Sketch(rows[np.unique(rows["id"], return_index=True)[1]])


def compare(ours: Sketch, earlier: Sketch) -> Likeness | None:
    """How far our model lies from an earlier one; None where less than half of either's weights can be compared.

    Tensors of the same name and shape are compared, each by ||a - b|| / ||b|| over its places; from nothing to
    something that is 1. In the mean a tensor counts by its size, so that norms, few and large numbers, hide nothing.
    """
    _, here, there = np.intersect1d(ours.rows["id"], earlier.rows["id"], assume_unique=True, return_indices=True)
    sizes = ours.rows["size"][here]
    if 2 * sizes.sum() < max(ours.rows["size"].sum(), earlier.rows["size"].sum()) or not len(sizes):
        return None
    a, b = (rows["weights"][at].astype(np.float64) for rows, at in ((ours.rows, here), (earlier.rows, there)))
    moved, length = np.square(a - b).sum(axis=1), np.square(b).sum(axis=1)
    ratios = np.divide(moved, length, out=(moved > 0).astype(np.float64), where=length > 0)
    tensors = np.minimum(np.sqrt(ratios), FARTHEST)
    return Likeness(
        distance=float(np.average(np.minimum(tensors, 1), weights=sizes)),
        median=float(np.median(tensors)),
        largest=float(tensors.max()),
        identical=float(np.mean(moved == 0)),
    )


def _token(tensor: Tensor, base: str | None) -> bytes:
    """What stands for the tensor's name and shape, whoever's it is. A name has no blanks."""
    text = f"{tensor.name} {tensor.shape} {base or ''}"
    return hashlib.sha256(_SEED + text.encode()).digest()


def _sampled(tensor: Tensor, descriptor: int, token: bytes) -> npt.NDArray[np.float32]:
    """The tensor's weights at its places, all of them where it has few. NaN and infinities become numbers."""
    item = ITEM_BYTES[tensor.dtype]
    if tensor.parameters <= _PLACES:
        data = _read(tensor, descriptor, 0, tensor.end - tensor.start)
    else:
        draws = np.frombuffer(hashlib.shake_256(token).digest(8 * _RUNS), "<u8")
        starts = draws % np.uint64(tensor.parameters - _RUN + 1)
        data = b"".join(_read(tensor, descriptor, int(start) * item, _RUN * item) for start in starts)
    return np.nan_to_num(_numbers(data, tensor.dtype))


def _read(tensor: Tensor, descriptor: int, start: int, size: int) -> bytes:
    data = os.pread(descriptor, size, tensor.start + start)
    if len(data) < size:
        raise ValueError(f"{tensor.file.name} was cut short while it was read")
    return data


def _numbers(data: bytes, dtype: str) -> npt.NDArray[np.float32]:
    if dtype == "BF16":  # the upper half of a float32
        return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
    return np.frombuffer(data, "<f2" if dtype == "F16" else "<f4").astype("<f4")
