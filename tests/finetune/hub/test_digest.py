import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from finetune.hub.digest import folder_digest, secure_hash, tensor_digest


def test_a_digest_is_the_same_however_the_folder_came_to_be(model_folder):
    first, second = model_folder("first"), model_folder("second")
    files = sorted(second.iterdir(), reverse=True)
    for path in files:
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
        os.utime(path, (1, 1))
        path.chmod(0o600)
    assert folder_digest(first) == folder_digest(second)


def test_what_a_hub_adds_and_what_is_not_admitted_do_not_count(model_folder):
    extras = {"README.md": b"card", ".gitattributes": b"*", "LICENSE.txt": b"MIT", "training_args.bin": b"x"}
    assert folder_digest(model_folder("plain")) == folder_digest(model_folder("more", extras))


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors"])
def test_one_flipped_bit_changes_the_digest(model_folder, file):
    folder = model_folder()
    before = folder_digest(folder)
    content = bytearray((folder / file).read_bytes())
    content[-1] ^= 1
    (folder / file).write_bytes(content)
    assert folder_digest(folder) != before


def test_bytes_moved_from_one_file_to_the_next_change_the_digest(model_folder):
    first = model_folder("first", {"merges.txt": b"ab", "vocab.txt": b"c"})
    second = model_folder("second", {"merges.txt": b"a", "vocab.txt": b"bc"})
    renamed = model_folder("renamed", {"vocab.json": b"ab", "vocab.txt": b"c"})
    assert len({folder_digest(folder) for folder in (first, second, renamed)}) == 3


def test_a_link_is_not_hashed(model_folder, tmp_path):
    folder = model_folder()
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to("/etc/hostname")
    with pytest.raises(ValueError, match=r"config\.json is not a plain file"):
        folder_digest(folder)


def test_a_secure_hash_is_44_characters_and_belongs_to_one_hotkey(model_folder):
    digest = folder_digest(model_folder())
    assert len(secure_hash(digest, "5Ada")) == 44
    assert secure_hash(digest, "5Ada") != secure_hash(digest, "5Bob")


def test_the_encodings_never_change(tmp_path):
    """Values computed apart from this code, with printf and sha256sum: every validator must get the same."""
    assert secure_hash("0" * 64, "5Ada") == "95A7LVq1r8eOTPKjZwgr1C1STjaSnK/zBDuJ4VP75Yo="
    (tmp_path / "config.json").write_text("{}")
    assert folder_digest(tmp_path) == "53703469082145c551456d4a7958a06befb892807c5e7ccd8f9d13c68f0950c6"
    save_file({"a": np.zeros(2, dtype=np.float32)}, tmp_path / "model.safetensors")
    assert tensor_digest(tmp_path) == "424053d4f4a7c92edbf2dbdcd61ae4b2e002b83ddabdee3c5d4c9f731d51da08"


def test_the_tensor_digest_ignores_sharding_metadata_index_and_order(model_folder):
    one, many = model_folder("one"), model_folder("many")
    tensors = {"model.embed": np.arange(12, dtype=np.float32).reshape(3, 4)}
    rest = {"lm_head": np.arange(8, dtype=np.float16).reshape(4, 2)}
    (many / "model.safetensors").unlink()
    save_file(rest, many / "model-00001-of-00002.safetensors", metadata={"format": "pt", "note": "other"})
    save_file(tensors, many / "model-00002-of-00002.safetensors")
    (many / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"nonsense": "../x"}}))
    assert tensor_digest(one) == tensor_digest(many)
    assert folder_digest(one) != folder_digest(many)


@pytest.mark.parametrize(
    "change",
    [
        {"a": np.array([1, 3], dtype=np.float32)},
        {"b": np.array([1, 2], dtype=np.float32)},
        {"a": np.array([[1, 2]], dtype=np.float32)},
        {"a": np.array([1, 2], dtype=np.float32).view(np.float16)},
        {"a": np.array([1, 2], dtype=np.float32), "b": np.zeros(0, dtype=np.float32)},
    ],
    ids=["a value", "a name", "a shape", "a type", "one more tensor"],
)
def test_the_tensor_digest_tells_apart(tmp_path, change):
    assert _digest_of(tmp_path / "one", {"a": np.array([1, 2], dtype=np.float32)}) != _digest_of(
        tmp_path / "two", change
    )


def test_a_tensor_in_two_files_has_no_tensor_digest(model_folder):
    folder = model_folder()
    save_file({"lm_head": np.zeros(2, dtype=np.float32)}, folder / "model-00001-of-00001.safetensors")
    with pytest.raises(ValueError, match="lm_head is in two files"):
        tensor_digest(folder)


def _digest_of(folder: Path, tensors: dict[str, np.ndarray]) -> str:
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors")
    return tensor_digest(folder)
