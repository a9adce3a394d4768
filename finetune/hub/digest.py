"""Digests of a submission's folder: what is committed on chain, and what tells the same weights in other clothes.

Every field goes into a hash behind its length, so no two folders can meet by moving bytes between fields.
It knows which files count (`files`), and nothing of hubs and gates.
"""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from finetune.hub.files import counts, weight_files
from finetune.hub.safetensors_header import Tensor, read_header

if TYPE_CHECKING:
    from hashlib import _Hash

_SLICE = 4 * 1024 * 1024  # bytes read at a time


def folder_digest(folder: Path) -> str:
    """SHA-256, in hex, over the sorted (path, size, SHA-256) of every file that counts.

    Files that do not count change nothing, nor do times, rights or the order on disk. Links are not followed: a linked
    file raises `ValueError`.
    """
    return digest_of(folder, content_digests(folder))


def content_digests(folder: Path) -> dict[str, str]:
    """SHA-256, in hex, of every file in the folder that counts, by name in order. Raises `ValueError` for a link."""
    digests = {}
    for path in sorted(path for path in folder.iterdir() if counts(path.name)):
        if path.is_symlink() or not path.is_file():
            raise ValueError(f"{path.name} is not a plain file")
        with path.open("rb") as stream:
            digests[path.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return digests


def digest_of(folder: Path, contents: Mapping[str, str]) -> str:
    """The folder digest where the `content_digests` of the folder are known already."""
    digest = hashlib.sha256()
    _add(digest, b"folder", len(contents).to_bytes(8, "big"))
    for name, content in contents.items():
        size = (folder / name).stat().st_size
        _add(digest, name.encode(), size.to_bytes(8, "big"), bytes.fromhex(content))
    return digest.hexdigest()


def git_digest(path: Path) -> str:
    """SHA-1, in hex, by which git knows the content of a file; hubs name small files so."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: digest).hexdigest()


def secure_hash(digest: str, hotkey: str) -> str:
    """What a miner commits: base64(SHA-256(digest || hotkey)), 44 characters; useless under any other hotkey.

    Args:
        digest: a folder digest, 64 hex digits; its 32 bytes are hashed.
        hotkey: the ss58 address; its ASCII bytes are hashed.
    """
    return base64.b64encode(hashlib.sha256(bytes.fromhex(digest) + hotkey.encode("ascii")).digest()).decode("ascii")


def tensor_digest(folder: Path) -> str:
    """SHA-256, in hex, over (name, dtype, shape, bytes) of all tensors, sorted by name.

    The same for the same tensors however they are spread over files, whatever their metadata or index say. Reads in
    slices of 4 MiB.

    Raises:
        ValueError: a weight file is malformed, a name comes twice, or there are no tensors.
    """
    tensors: dict[str, Tensor] = {}
    digest = hashlib.sha256()
    with ExitStack() as stack:
        streams = {file: stack.enter_context(file.open("rb")) for file in weight_files(folder)}
        for file in streams:
            for tensor in read_header(file):
                if tensor.name in tensors:
                    raise ValueError(f"tensor {tensor.name} is in two files")
                tensors[tensor.name] = tensor
        if not tensors:
            raise ValueError(f"{folder} holds no tensors")
        _add(digest, b"tensors", len(tensors).to_bytes(8, "big"))
        for name in sorted(tensors):
            tensor = tensors[name]
            shape = b"".join(size.to_bytes(8, "big") for size in tensor.shape)
            _add(digest, name.encode(), tensor.dtype.encode(), shape)
            _add_content(digest, tensor, streams[tensor.file])
    return digest.hexdigest()


def _add_content(digest: "_Hash", tensor: Tensor, stream: BinaryIO) -> None:
    left = tensor.end - tensor.start
    digest.update(left.to_bytes(8, "big"))
    stream.seek(tensor.start)
    while left:
        data = stream.read(min(left, _SLICE))
        if not data:
            raise ValueError(f"{tensor.file.name} was cut short while it was read")
        digest.update(data)
        left -= len(data)


def _add(digest: "_Hash", *fields: bytes) -> None:
    for field in fields:
        digest.update(len(field).to_bytes(8, "big"))
        digest.update(field)
