"""Sketches: what a few weights of each tensor tell about two models."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from competitions.lineage import FARTHEST, NEAR, Likeness
from finetune.hub.sketch import Sketch, compare, sketch
from finetune.mining.tiny import build_tiny
from tests.finetune.evals.models import taught_tiny

Weights = dict[str, np.ndarray]
SAME = Likeness(distance=0.0, median=0.0, largest=0.0, identical=1.0)
UP = "model.layers.{}.mlp.up_proj.weight"


@pytest.fixture(scope="module")
def taught(tmp_path_factory) -> Path:
    """A folder with a tiny model, `base`, and what training made of it, `taught`."""
    return taught_tiny(tmp_path_factory.mktemp("tiny")).parent


@pytest.fixture(scope="module")
def weights(taught: Path) -> Weights:
    return load_file(taught / "taught" / "model.safetensors")


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Sketch]:
    """The sketch of a model of these weights, in one file or in several."""

    def make(*files: Mapping[str, np.ndarray], base: str | None = None) -> Sketch:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for number, tensors in enumerate(files, 1):
            name = f"model-{number:05}-of-{len(files):05}.safetensors" if len(files) > 1 else "model.safetensors"
            save_file({key: np.ascontiguousarray(one) for key, one in tensors.items()}, folder / name)
        return sketch(folder, base=base)

    return make


def noisy(weights: Weights, share: float, seed: int = 0) -> Weights:
    """Each tensor with Gaussian noise of a share of its own size."""
    draws = np.random.default_rng(seed)

    def size(one: np.ndarray) -> float:
        return float(np.sqrt(np.mean(np.square(one))))

    return {
        name: one + np.float32(share * size(one)) * draws.standard_normal(one.shape).astype(one.dtype)
        for name, one in weights.items()
    }


def written(path: Path, dtype: str, data: bytes) -> Path:
    """A file of one tensor of these bytes."""
    path.mkdir()
    size = len(data) // (4 if dtype == "F32" else 2)
    header = json.dumps({"w": {"dtype": dtype, "shape": [size], "data_offsets": [0, len(data)]}}).encode()
    (path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + data)
    return path


def test_other_files_shards_and_orders_are_the_same_model(put, weights):
    names = list(weights)
    first, second = ({name: weights[name] for name in part} for part in (names[::2], names[1::2]))
    whole = put(weights)
    for other in (put(second, first), put(dict(reversed(weights.items())))):
        assert other.to_bytes() == whole.to_bytes()
        assert compare(other, whole) == SAME


def test_rounding_to_bfloat16_is_nearer_than_any_honest_change(tmp_path, put, weights):
    numbers = np.random.default_rng(0).standard_normal(5_000).astype("<f4")
    rounded = (((numbers.view("<u4") + 0x8000) >> 16).astype("<u2")).tobytes()
    exact, short = written(tmp_path / "a", "F32", numbers.tobytes()), written(tmp_path / "b", "BF16", rounded)
    found = compare(sketch(short), sketch(exact))
    assert 0.001 < found.distance < NEAR
    assert found.identical == 0
    half = compare(put({name: one.astype("<f2") for name, one in weights.items()}), put(weights))
    assert 0 < half.distance < 2**-11


@pytest.mark.parametrize("share", [1e-4, 1e-3, 0.1])
def test_noise_is_measured_by_its_size(put, weights, share):
    found = compare(put(noisy(weights, share)), put(weights))
    assert found.distance == pytest.approx(share, rel=0.1)
    assert found.median == pytest.approx(share, rel=0.2)
    assert found.identical == 0


def test_a_scaled_copy_is_as_far_as_its_scale(put, weights):
    found = compare(put({name: one * np.float32(1.25) for name, one in weights.items()}), put(weights))
    assert [found.distance, found.median, found.largest] == pytest.approx([0.25] * 3)


def test_the_distance_is_relative_to_the_earlier_model(put, weights):
    double = {name: 2 * one for name, one in weights.items()}
    assert compare(put(double), put(weights)).distance == pytest.approx(1.0)
    assert compare(put(weights), put(double)).distance == pytest.approx(0.5)


def test_training_moves_a_model_away_from_its_base_and_not_as_far_as_a_stranger(taught, tmp_path):
    build_tiny(tmp_path / "other", seed=5, hidden=48, layers=2)
    base, tuned, other = (sketch(path) for path in (taught / "base", taught / "taught", tmp_path / "other"))
    found = compare(tuned, base).distance
    assert NEAR < found < compare(tuned, other).distance
    assert compare(other, base).largest == pytest.approx(2**0.5, abs=0.3)


def test_tensors_left_as_they_were_are_counted(put, weights):
    changed = weights | {UP.format(0): 2 * weights[UP.format(0)]}
    found = compare(put(changed), put(weights))
    assert found.identical == pytest.approx(1 - 1 / len(weights))
    assert (found.median, found.largest) == (0.0, pytest.approx(1.0))
    assert 0 < found.distance < 1


def test_a_large_tensor_counts_for_more_than_a_small_one(put):
    def model(large: float, small: float) -> Sketch:
        return put({"large": np.full(100_000, large, np.float32), "small": np.full(1_000, small, np.float32)})

    before = model(1.0, 1.0)
    assert compare(model(1.1, 1.0), before).distance == pytest.approx(0.1 * 100 / 101)
    assert compare(model(1.0, 1e9), before).distance == pytest.approx(1 / 101)


def test_neurons_in_another_order_look_like_a_strangers(put, weights):
    """What a sketch cannot see, and why it decides about no more than a place in the queue."""
    order = np.random.default_rng(0).permutation(len(weights[UP.format(0)]))
    shuffled = dict(weights)
    for layer in range(2):
        for name in ("up_proj", "gate_proj", "down_proj"):
            key = f"model.layers.{layer}.mlp.{name}.weight"
            shuffled[key] = weights[key][:, order] if name == "down_proj" else weights[key][order]
    assert compare(put(shuffled), put(weights)).largest > 1


def test_models_without_most_of_their_weights_in_common_are_not_compared(put, weights):
    assert compare(put({f"other.{name}": one for name, one in weights.items()}), put(weights)) is None
    assert compare(put({name: one.reshape(-1) for name, one in weights.items() if one.ndim > 1}), put(weights)) is None
    assert compare(put({"w": np.zeros((0, 4), np.float32)}), put({"w": np.zeros((0, 4), np.float32)})) is None


def test_a_row_more_in_the_vocabulary_hides_nothing_else(put):
    inner = {f"layer.{number}": np.ones((64, 64), np.float32) * number for number in range(1, 9)}
    longer = inner | {"embed": np.ones((65, 64), np.float32)}
    assert compare(put(longer), put(inner | {"embed": np.ones((64, 64), np.float32)})) == SAME


def test_adapters_are_compared_where_base_and_rank_are_the_same(put):
    def adapter(rank: int, base: str) -> Sketch:
        return put({"a": np.ones((rank, 8), np.float32), "b": np.zeros((8, rank), np.float32)}, base=base)

    assert compare(adapter(4, "x"), adapter(4, "x")) == SAME
    assert compare(adapter(4, "x"), adapter(4, "y")) is None
    assert compare(adapter(4, "x"), adapter(2, "x")) is None


def test_from_zero_to_something_is_a_distance_of_one(put):
    zeros, ones = put({"b": np.zeros(9, np.float32)}), put({"b": np.ones(9, np.float32)})
    assert compare(zeros, zeros) == SAME
    assert compare(ones, zeros).distance == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_hostile_numbers_give_finite_figures(put, bad):
    hostile, plain = (put({"w": np.full(4, one, np.float32), "v": np.ones(4, np.float32)}) for one in (bad, 1e-30))
    for found in (compare(hostile, plain), compare(plain, hostile)):
        assert 0 <= found.distance <= found.largest <= FARTHEST


def test_the_places_are_spread_over_a_tensor_and_never_change(tmp_path):
    numbers = np.arange(1_000_000, dtype="<f4")
    (row,) = sketch(written(tmp_path / "m", "F32", numbers.tobytes())).rows
    places = np.sort(row["weights"])
    assert (len(places), places[0], places[-1]) == (128, 111_323, 941_316)
    assert np.diff(places).max() < 200_000


def test_a_kept_sketch_is_the_sketch(put, weights):
    drawn = put(weights)
    assert compare(Sketch.from_bytes(drawn.to_bytes()), drawn) == SAME
    with pytest.raises(ValueError, match="buffer size"):
        Sketch.from_bytes(drawn.to_bytes()[:-1])


def test_of_very_many_tensors_the_largest_are_taken(put):
    many = {f"small.{n}": np.ones(1, np.float32) for n in range(2_000)} | {"large": np.ones(50, np.float32)}
    rows = put(many).rows
    assert len(rows) == 1_024
    assert rows["size"].max() == 50


def test_a_file_that_is_no_safetensors_is_a_value_error(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="ends inside its header"):
        sketch(tmp_path)


def test_of_15_gigabytes_less_than_a_megabyte_is_read(tmp_path, monkeypatch):
    size, count = 15 * 10**9, 300
    each = size // count
    header = {
        f"layers.{n}.weight": {
            "dtype": "BF16",
            "shape": [each // 2],
            "data_offsets": [n * each, (n + 1) * each],
        }
        for n in range(count)
    }
    text = json.dumps(header).encode()
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + size)  # holes, which take no disk
    taken = []
    pread = os.pread
    monkeypatch.setattr("os.pread", lambda *of: taken.append(pread(*of)) or taken[-1])
    assert len(sketch(tmp_path).rows) == count
    assert sum(map(len, taken)) < 10**6
    assert len(taken) == count * 16
