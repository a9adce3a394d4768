import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from finetune.hub import weights_gate
from finetune.hub.safetensors_header import MAX_HEADER_BYTES, read_header
from finetune.hub.weights_gate import check_index, check_weights

INDEX = "model.safetensors.index.json"


def raw(header: object, data: bytes = b"", *, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def one(dtype: object = "F32", shape: object = (2,), offsets: object = (0, 8), **more: object) -> dict[str, object]:
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets, **more}}


TWO = one() | {"b": {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "ends inside its header"),
        (b"\x01\x00", "ends inside its header"),
        (raw(one(), bytes(8), length=10**6), "ends inside its header"),
        (raw(one(), bytes(8), length=2**63), "ends inside its header"),
        (raw(b" " * (MAX_HEADER_BYTES + 1)), "at most 10,000,000 are allowed"),
        (raw(b"not json"), "Expecting value"),
        (raw(b"[]"), "not a JSON object"),
        (raw(b"\xff"), "not UTF-8"),
        (raw(b'{"a":' * 100_000), "nested too deeply"),
        (raw(b'{"a": NaN}'), "has the number NaN"),
        (raw(b'{"a": 1e999}'), "has the number 1e999"),
        (raw(b'{"a": ' + b"9" * 5000 + b"}"), "limit"),
        (raw(b'{"a": {}, "a": {}}'), "same key twice"),
        (raw({}), "holds no tensor"),
        (raw({"__metadata__": {"format": "pt"}}), "holds no tensor"),
        (raw(one() | {"__metadata__": {"format": 1}}, bytes(8)), "__metadata__"),
        (raw({"a": []}), "dtype, shape and data_offsets"),
        (raw(one(more=1), bytes(8)), "and nothing else"),
        (raw({"a\u202e": one()["a"]}, bytes(8)), "printable ASCII"),
        (raw(one("I64", (1,)), bytes(8)), "allowed are F32, F16, BF16"),
        (raw(one("F8_E4M3", (8,)), bytes(8)), "allowed are F32, F16, BF16"),
        (raw(one(["F32"]), bytes(8)), "allowed are F32, F16, BF16"),
        (raw(one(shape=(-2,)), bytes(8)), "shape"),
        (raw(one(shape=(True, 2)), bytes(8)), "shape"),
        (raw(one(shape=(2.0,)), bytes(8)), "shape"),
        (raw(one(shape=(1,) * 8 + (2,)), bytes(8)), "shape"),
        (raw(one(shape=(2**60,)), bytes(8)), "not what its shape and type take"),
        (raw(one(shape=(3,)), bytes(8)), "not what its shape and type take"),
        (raw(one(offsets=(8, 0)), bytes(8)), "not what its shape and type take"),
        (raw(one(offsets=(-8, 0)), bytes(8)), "offsets"),
        (raw(one(offsets=(0, 8, 16)), bytes(8)), "offsets"),
        (raw(one(offsets=(4, 12)), bytes(12)), "begins at byte"),
        (raw(one() | {"b": one()["a"]}, bytes(8)), "begins at byte"),
        (raw(one(), bytes(7)), "and the file at"),
        (raw(one(), bytes(9)), "and the file at"),
    ],
)
def test_an_unsound_weight_file_is_rejected_with_its_reason(content, words, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(content)
    rejection = check_weights(tmp_path, min_parameters=0, max_parameters=100)
    assert rejection
    assert rejection.reason == "malformed_weights"
    assert words in rejection.text
    assert rejection.text.startswith("model.safetensors: ")


def test_headers_agree_with_the_library_that_writes_them(tmp_path):
    tensors = {"a.b": np.ones((2, 3), np.float32), "c": np.ones((), np.float16), "empty": np.ones((0, 5), np.float32)}
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    found = read_header(tmp_path / "model.safetensors")
    assert {tensor.name: (tensor.dtype, tensor.shape) for tensor in found} == {
        "a.b": ("F32", (2, 3)),
        "c": ("F16", ()),
        "empty": ("F32", (0, 5)),
    }
    assert sum(tensor.parameters for tensor in found) == 7


@pytest.mark.parametrize(("least", "most", "passes"), [(3, 3, True), (4, 9, False), (0, 2, False)])
def test_the_parameters_must_be_within_the_range_ends_included(least, most, passes, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(raw(TWO, bytes(12)))
    rejection = check_weights(tmp_path, min_parameters=least, max_parameters=most)
    assert (rejection is None) == passes
    if rejection:
        assert rejection.evidence == {"parameters": 3, "min_parameters": least, "max_parameters": most}


def test_parameters_are_counted_over_all_files_and_none_comes_twice(tmp_path):
    for number in (1, 2):
        (tmp_path / f"model-0000{number}-of-00002.safetensors").write_bytes(raw(one(), bytes(8)))
    rejection = check_weights(tmp_path, min_parameters=0, max_parameters=100)
    assert rejection
    assert "tensor a is in another file too" in rejection.text


def test_too_many_tensors_are_rejected(tmp_path, monkeypatch):
    monkeypatch.setattr(weights_gate, "MAX_TENSORS", 1)
    (tmp_path / "model.safetensors").write_bytes(raw(TWO, bytes(12)))
    rejection = check_weights(tmp_path, min_parameters=0, max_parameters=100)
    assert rejection
    assert "more than 1 tensors" in rejection.text


def sharded(folder: Path, index: object) -> Path:
    (folder / "model-00001-of-00002.safetensors").write_bytes(raw(one(), bytes(8)))
    (folder / "model-00002-of-00002.safetensors").write_bytes(raw({"b": one()["a"]}, bytes(8)))
    if index is not None:
        (folder / INDEX).write_text(index if isinstance(index, str) else json.dumps(index))
    return folder


TRUE_MAP = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}


def test_a_true_index_passes(tmp_path):
    assert check_index(sharded(tmp_path, {"metadata": {}, "weight_map": TRUE_MAP})) is None


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (None, "is missing"),
        ("{", "cannot be read"),
        ({}, "does not name each tensor"),
        ({"weight_map": ["a"]}, "does not name each tensor"),
        ({"weight_map": TRUE_MAP | {"a": "../other/model.safetensors"}}, "does not name each tensor"),
        ({"weight_map": TRUE_MAP | {"a": "model-00002-of-00002.safetensors"}}, "does not name each tensor"),
        ({"weight_map": TRUE_MAP | {"c": "model-00001-of-00002.safetensors"}}, "does not name each tensor"),
        ({"weight_map": {"a": TRUE_MAP["a"]}}, "does not name each tensor"),
    ],
)
def test_an_index_that_names_anything_else_is_rejected(index, words, tmp_path):
    rejection = check_index(sharded(tmp_path, index))
    assert rejection
    assert rejection.reason == "wrong_index"
    assert words in rejection.text


def test_weights_in_one_file_have_no_index(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(raw(one(), bytes(8)))
    assert check_index(tmp_path) is None
    (tmp_path / INDEX).write_text(json.dumps({"weight_map": {"a": "model.safetensors"}}))
    rejection = check_index(tmp_path)
    assert rejection
    assert "one file" in rejection.text
