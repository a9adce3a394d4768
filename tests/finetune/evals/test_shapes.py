import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from finetune.evals.shapes import check_tensors, expected_tensors
from finetune.hub.architectures import ARCHITECTURES
from finetune.hub.config_gate import rebuilt_config
from finetune.hub.config_rebuild import Rebuilt, rebuild
from finetune.hub.weights_gate import check_index, check_weights
from finetune.hub.weights_scan import scan_weights
from tests.finetune.evals.families import VARIANTS, logits, save_variant
from tests.finetune.hub.configs import PUBLISHED

ALL = tuple(ARCHITECTURES)


def rebuilt(folder: Path) -> Rebuilt:
    found = rebuilt_config(folder / "config.json", ALL)
    assert isinstance(found, Rebuilt), found
    return found


def as_rebuilt(folder: Path) -> Path:
    """The same folder, its config.json replaced by the rebuilt one."""
    (folder / "config.json").write_text(json.dumps(rebuilt(folder).config))
    return folder


def with_older_keys(folder: Path) -> Path:
    """The same folder, its config.json spelled as libraries before transformers 5 did."""
    config = json.loads((folder / "config.json").read_text())
    rope, word = config.pop("rope_parameters"), "type"
    if config["model_type"] == "gemma3_text":
        config["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
        rope, word = rope["full_attention"], "rope_type"
    names = {"rope_theta": "rope_theta", "partial_rotary_factor": "partial_rotary_factor"}
    if config["model_type"] == "gpt_neox":
        names = {"rope_theta": "rotary_emb_base", "partial_rotary_factor": "rotary_pct"}
    config |= {names[key]: rope.pop(key) for key in list(rope) if key in names}
    kind = rope.pop("rope_type")
    config["rope_scaling"] = None if kind == "default" else rope | {word: kind}
    config |= {"torch_dtype": config.pop("dtype"), "transformers_version": "4.45.0"}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize("name", VARIANTS)
def test_what_the_library_saves_passes_every_gate_and_its_rebuilt_config_gives_the_same_logits(name, tmp_path):
    folder = save_variant(name, tmp_path)
    assert check_weights(folder, min_parameters=1, max_parameters=10**6) is None
    assert check_index(folder) is None
    assert scan_weights(folder) is None
    assert check_tensors(folder, rebuilt(folder).config) is None
    assert torch.equal(logits(folder), logits(as_rebuilt(folder)))


@pytest.mark.parametrize("name", VARIANTS)
def test_the_older_spelling_of_a_config_gives_the_same_logits(name, tmp_path):
    folder = save_variant(name, tmp_path)
    before = logits(folder)
    older = rebuilt(with_older_keys(folder))
    assert "rope_parameters" not in older.config
    assert torch.equal(before, logits(as_rebuilt(folder)))


_YARN = {"rope_scaling": {"type": "yarn", "factor": 4.0}, "rope_theta": 500.0, "original_max_position_embeddings": 16}


@pytest.mark.parametrize(
    ("name", "newer", "older"),
    [
        ("qwen2, windows", "layer_types", {"max_window_layers": 1}),
        ("qwen3, windows", "layer_types", {"max_window_layers": 1}),
        ("gemma3, windows", "layer_types", {"sliding_window_pattern": 2}),
        ("llama, yarn rope", "rope_parameters", _YARN),
    ],
)
def test_older_keys_for_which_there_is_a_newer_one_are_kept(name, newer, older, tmp_path):
    folder = save_variant(name, tmp_path)
    config = json.loads((folder / "config.json").read_text()) | older
    del config[newer]
    (folder / "config.json").write_text(json.dumps(config))
    assert torch.equal(logits(folder), logits(as_rebuilt(folder)))


def test_every_architecture_is_among_the_tiny_models():
    assert {family for family, _ in VARIANTS.values()} == {one.model_type for one in ARCHITECTURES.values()}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_configs_imply_the_parameters_that_their_models_are_known_to_have(name):
    config, parameters = PUBLISHED[name]
    found = rebuild(config, ALL)
    assert isinstance(found, Rebuilt)
    assert sum(math.prod(shape) for shape in expected_tensors(found.config).values()) == parameters


def test_the_config_is_as_it_was_after_its_tensors_were_listed():
    found = rebuild(PUBLISHED["Llama-3.1-8B"][0], ALL)
    assert isinstance(found, Rebuilt)
    before = json.dumps(found.config)
    expected_tensors(found.config)
    assert json.dumps(found.config) == before


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], dict[str, torch.Tensor]]:
    """The rebuilt configuration of a tied model, and its tensors."""
    folder = save_variant("llama, tied", tmp_path_factory.mktemp("tied"))
    return rebuilt(folder).config, load_file(folder / "model.safetensors")


NORM, EMBEDDING = "model.norm.weight", "model.embed_tokens.weight"


@pytest.mark.parametrize(
    ("changes", "evidence"),
    [
        (
            {NORM: None},
            {"reason": "missing_tensor", "tensor": NORM, "found": "nothing", "expected": "[32]", "count": 1},
        ),
        (
            {NORM: torch.ones(31), EMBEDDING: torch.ones(32, 48)},
            {"reason": "wrong_shape", "tensor": EMBEDDING, "found": "[32, 48]", "expected": "[48, 32]", "count": 2},
        ),
        (
            {NORM: torch.ones(32, 1)},
            {"reason": "wrong_shape", "tensor": NORM, "found": "[32, 1]", "expected": "[32]", "count": 1},
        ),
        (
            {"x" * 500: torch.ones(1), "y": torch.ones(1)},
            {"reason": "extra_tensor", "tensor": "x" * 200, "found": "[1]", "expected": "nothing", "count": 2},
        ),
    ],
)
def test_files_must_hold_exactly_the_tensors_that_the_config_implies(changes, evidence, saved, tmp_path):
    config, tensors = saved
    changed = {name: tensor for name, tensor in (tensors | changes).items() if tensor is not None}
    save_file(changed, tmp_path / "model.safetensors")
    rejection = check_tensors(tmp_path, config)
    assert rejection
    assert {"reason": rejection.reason, **rejection.evidence} == evidence
    assert evidence["tensor"] in rejection.text
    assert len(rejection.text) < 400


def test_the_second_copy_of_a_tied_tensor_is_one_too_many(saved, tmp_path):
    config, tensors = saved
    save_file(tensors | {"lm_head.weight": tensors[EMBEDDING].clone()}, tmp_path / "model.safetensors")
    rejection = check_tensors(tmp_path, config)
    assert rejection
    assert (rejection.reason, rejection.evidence["tensor"]) == ("extra_tensor", "lm_head.weight")


def test_tensors_are_looked_for_in_every_file(saved, tmp_path):
    config, tensors = saved
    names = sorted(tensors)
    save_file({name: tensors[name] for name in names[:5]}, tmp_path / "model-00001-of-00002.safetensors")
    save_file({name: tensors[name] for name in names[5:]}, tmp_path / "model-00002-of-00002.safetensors")
    assert check_tensors(tmp_path, config) is None


@pytest.mark.parametrize(
    "change",
    [
        {"rope_parameters": {"rope_type": "linear"}},
        {"rope_scaling": {"rope_type": "longrope", "short_factor": [1.0, 2.0], "long_factor": [1.0, 2.0]}},
        {"head_dim": 15},
        {"rms_norm_eps": "small"},
    ],
)
def test_a_config_that_the_library_refuses_is_malformed(change, saved, tmp_path):
    config, tensors = saved
    save_file(tensors, tmp_path / "model.safetensors")
    rejection = check_tensors(tmp_path, config | change)
    assert rejection
    assert rejection.reason == "malformed_config"
    assert "\n" not in rejection.text
