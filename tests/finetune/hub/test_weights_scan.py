import math
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from finetune.hub import weights_scan
from finetune.hub.weights_scan import MAX_IN_MATRIX, MAX_IN_VECTOR, MAX_RMS_OF_MATRIX, scan_weights

DTYPES = [torch.float32, torch.float16, torch.bfloat16]
SIZE = 101  # odd, so that slices of 64 bytes end inside rows


@pytest.fixture(autouse=True)
def small_slices(monkeypatch):
    monkeypatch.setattr(weights_scan, "SLICE", 64)


def scan(folder: Path, *, name: str = "model.safetensors", **tensors: torch.Tensor):
    save_file(tensors, folder / name)
    return scan_weights(folder)


def matrix(dtype: torch.dtype) -> torch.Tensor:
    return (torch.randn(SIZE, SIZE, generator=torch.Generator().manual_seed(0)) * 0.02).to(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_trained_weights_pass_and_so_do_the_largest_and_smallest_that_are_plausible(dtype, tmp_path):
    tiny = torch.finfo(dtype).smallest_normal / 8
    high, low = matrix(dtype), matrix(dtype)
    high[0, :2], low[-1, -2:] = torch.tensor([MAX_IN_MATRIX, tiny]), torch.tensor([tiny, -MAX_IN_MATRIX])
    norm = torch.tensor([MAX_IN_VECTOR, -MAX_IN_VECTOR, 0.0]).to(dtype)
    zero, empty, scalar = torch.zeros(4, 4), torch.zeros(0, 4), torch.tensor(1.0)
    assert scan(tmp_path, high=high, low=low, norm=norm, zero=zero, empty=empty, scalar=scalar) is None


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [math.nan, -math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("index", [0, 777, SIZE * SIZE - 1])
def test_one_number_that_is_not_finite_is_found_wherever_it_is(dtype, value, index, tmp_path):
    bad = matrix(dtype)
    bad.view(-1)[index] = value
    found = scan(tmp_path, a=matrix(dtype), bad=bad)
    assert found
    assert found.reason == "not_finite"
    assert found.evidence == {"tensor": "bad", "count": 1, "first": index}
    assert "bad" in found.text


@pytest.mark.parametrize("dtype", DTYPES)
def test_all_that_is_not_finite_in_a_tensor_is_counted_and_reported_before_its_size(dtype, tmp_path):
    bad = torch.full((SIZE,), 30_000.0, dtype=dtype)
    bad[[5, 50, 100]] = torch.tensor([math.inf, math.nan, -math.inf], dtype=dtype)
    found = scan(tmp_path, bad=bad)
    assert found
    assert found.evidence == {"tensor": "bad", "count": 3, "first": 5}


@pytest.mark.parametrize("bits", [0x7FC00000, 0x7F800001, 0xFFFFFFFF, 0xFFC00000, 0x7FFFFFFF])
def test_every_kind_of_nan_is_one(bits, tmp_path):
    bad = torch.from_numpy(np.frombuffer(struct.pack("<II", 0, bits), np.float32).copy())
    found = scan(tmp_path, bad=bad)
    assert found
    assert found.evidence["first"] == 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("index", [0, -1])
@pytest.mark.parametrize(("shape", "limit"), [((SIZE,), MAX_IN_VECTOR), ((SIZE, SIZE), MAX_IN_MATRIX)])
def test_one_number_beyond_the_limit_is_implausible(dtype, sign, index, shape, limit, tmp_path):
    bad = torch.zeros(shape, dtype=dtype)
    bad.view(-1)[index] = sign * limit * 1.05
    found = scan(tmp_path, bad=bad)
    assert found
    assert found.reason == "implausible_weights"
    assert found.evidence == {
        "tensor": "bad",
        "what": "largest",
        "figure": abs(float(bad.view(-1)[index])),
        "allowed": limit,
    }
    assert f"{limit:g}" in found.text


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("share", "passes"), [(0.99, True), (1.02, False)])
def test_the_root_mean_square_of_a_matrix_is_bounded_and_that_of_a_vector_is_not(dtype, share, passes, tmp_path):
    generator = torch.Generator().manual_seed(1)
    high = (torch.randn(SIZE, SIZE, generator=generator) * 10).to(dtype)
    high = (high / high.double().pow(2).mean().sqrt() * MAX_RMS_OF_MATRIX * share).to(dtype)
    assert scan(tmp_path, vector=high.view(-1).clone()) is None
    found = scan(tmp_path, high=high)
    assert (found is None) == passes
    if found:
        assert found.evidence["what"] == "root mean square"
        assert found.evidence["figure"] == pytest.approx(float(high.double().pow(2).mean().sqrt()), rel=1e-5)


def test_numbers_whose_squares_overflow_are_implausible_and_no_warning(tmp_path):
    found = scan(tmp_path, bad=torch.full((SIZE, SIZE), 3e38))
    assert found
    assert found.evidence["figure"] == pytest.approx(3e38)


def test_every_file_is_read_and_an_adapters_too(tmp_path):
    good, bad = torch.ones(4, 4), torch.full((4, 4), math.nan)
    save_file({"a": good}, tmp_path / "model-00001-of-00002.safetensors")
    found = scan(tmp_path, name="model-00002-of-00002.safetensors", b=bad)
    assert found
    assert found.evidence["tensor"] == "b"
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    assert scan(adapter, name="adapter_model.safetensors", lora=bad)


def test_tensors_that_start_at_odd_bytes_are_read_right(tmp_path):
    header = b'{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}   '
    assert (8 + len(header)) % 4
    data = np.array([1.0, 2.0, np.inf], "<f4").tobytes()
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + data)
    found = scan_weights(tmp_path)
    assert found
    assert found.evidence == {"tensor": "a", "count": 1, "first": 2}


def test_progress_adds_up_to_the_bytes_of_all_tensors(tmp_path):
    steps: list[int] = []
    save_file({"a": torch.ones(SIZE), "b": torch.ones(SIZE, dtype=torch.float16)}, tmp_path / "model.safetensors")
    assert scan_weights(tmp_path, progress=steps.append) is None
    assert sum(steps) == SIZE * 6
    assert max(steps) == 64


def test_a_file_that_is_cut_short_meanwhile_is_an_error_not_a_pass(tmp_path):
    file = tmp_path / "model.safetensors"
    save_file({"a": torch.ones(SIZE)}, file)

    def cut(_: int) -> None:
        with file.open("r+b") as stream:
            stream.truncate(200)

    with pytest.raises(ValueError, match=r"model\.safetensors was cut short"):
        scan_weights(tmp_path, progress=cut)
