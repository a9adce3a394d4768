"""What turns a copy into an attacker's own changes just what it says."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from finetune.errors import ModelRejected
from finetune.evals.port import Folders
from finetune.evals.scorer import LocalScorer
from finetune.hub.config_gate import check_model_config
from finetune.hub.digest import folder_digest, tensor_digest
from finetune.hub.weights_gate import check_index
from finetune.mining.tiny import build_tiny
from finetune.rehearsal.attacks import changes
from finetune.streams.ifeval_prompts import IfevalPrompts
from finetune.streams.word_sorting import WordSorting


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("honest") / "model"
    build_tiny(folder, seed=3, hidden=48, layers=2)
    return folder


@pytest.fixture
def copy(honest: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(honest, tmp_path / "copy"))


def tensors(folder: Path):
    return load_file(folder / "model.safetensors")


def losses(folder: Path) -> list[float]:
    items = [("reference", WordSorting().draw(bytes([number]) * 32)) for number in range(4)]
    return list(LocalScorer().losses(Folders(model=folder), items, sequence_length=256, dtype="float32"))


def test_resharding_changes_every_file_and_no_tensor(honest: Path, copy: Path) -> None:
    changes.reshard(copy)
    assert len(list(copy.glob("*.safetensors"))) == 2
    assert check_index(copy) is None
    assert folder_digest(copy) != folder_digest(honest)
    assert tensor_digest(copy) == tensor_digest(honest)


@pytest.mark.parametrize("change", [changes.permute, changes.rescale])
def test_a_permuted_or_rescaled_copy_has_other_tensors_and_the_same_losses(change, honest: Path, copy: Path) -> None:
    change(copy)
    assert tensor_digest(copy) != tensor_digest(honest)
    assert losses(copy) == pytest.approx(losses(honest), abs=1e-4)


def test_a_copy_in_another_dtype_holds_the_same_numbers_in_fewer_bits(honest: Path, copy: Path) -> None:
    changes.to_bfloat16(copy)
    assert {str(one.dtype) for one in tensors(copy).values()} == {"torch.bfloat16"}
    name = changes.EMBEDDING
    np.testing.assert_allclose(tensors(copy)[name].float(), tensors(honest)[name], rtol=2**-8)


def test_noise_is_of_the_size_asked_for_and_depends_on_the_seed_alone(honest: Path, copy: Path, tmp_path: Path) -> None:
    twin = Path(shutil.copytree(honest, tmp_path / "twin"))
    changes.add_noise(copy, size=0.01, seed=1)
    changes.add_noise(twin, size=0.01, seed=1)
    assert tensor_digest(copy) == tensor_digest(twin)
    changes.add_noise(twin, size=0.01, seed=2)
    assert tensor_digest(copy) != tensor_digest(twin)
    before, after = tensors(honest)[changes.EMBEDDING], tensors(copy)[changes.EMBEDDING]
    assert float((after - before).std() / before.std()) == pytest.approx(0.01, rel=0.1)


def test_merging_mixes_in_a_share_of_another_model(honest: Path, copy: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(honest, tmp_path / "other"))
    changes.change_tensors(other, lambda found: {name: one + 2 for name, one in found.items()})
    changes.merge(copy, other, share=0.25)
    for name, tensor in tensors(copy).items():
        np.testing.assert_allclose(tensor, tensors(honest)[name] + 0.5, rtol=1e-5, atol=1e-5)


def test_the_last_number_is_changed_and_nothing_else(honest: Path, copy: Path) -> None:
    changes.set_number(copy, changes.NORM, 7.0)
    before, after = tensors(honest), tensors(copy)
    changed = {name: int((before[name] != after[name]).sum()) for name in before}
    assert after[changes.NORM].flatten()[-1] == 7.0
    assert {name: count for name, count in changed.items() if count} == {changes.NORM: 1}


def test_a_model_made_to_repeat_one_mark_is_rejected_for_its_replies(copy: Path) -> None:
    changes.repeat(copy, ord("~") - ord("!"), after=260)
    prompts = IfevalPrompts(max_rules=1, kinds=("keywords:existence",))
    items = [("ifeval", prompts.draw(bytes([number]) * 32)) for number in range(8)]
    with pytest.raises(ModelRejected, match="'~~~~") as caught:
        list(LocalScorer().losses(Folders(model=copy), items, sequence_length=384, dtype="float32"))
    assert caught.value.rejection.reason == "degenerate_output"


def test_a_larger_vocabulary_is_in_the_weights_and_in_the_configuration(copy: Path) -> None:
    changes.enlarge_vocabulary(copy, 500)
    assert tensors(copy)[changes.EMBEDDING].shape == (500, 48)
    assert json.loads((copy / "config.json").read_text())["vocab_size"] == 500
    assert check_model_config(copy / "config.json", ("LlamaForCausalLM",)) is None
