"""Loading and scoring: figures that depend on nothing else, and one clear error for whatever cannot be loaded."""

import itertools
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers.utils import logging

from finetune.errors import ScoringError, SetupError
from finetune.evals.faults import as_scoring_error
from finetune.evals.runtime import Loaded, load, losses
from tests.finetune.evals.models import chat, letter_tokenizer, scores, text, uniform_model

SAMPLES = [chat("sort: b a", "a b"), text("The quick brown fox"), text("x" * 90), chat("?", "été")]


def cpu(folder: Path) -> Loaded:
    return load(folder, dtype="float32", device="cpu")


def figures(loaded: Loaded, samples: list) -> list[float]:
    return scores(loaded, "reference", samples)


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model's folder, for breaking."""
    return Path(shutil.copytree(tiny, tmp_path / "copy"))


def test_a_figure_depends_on_its_own_sample_alone(tiny: Path):
    loaded = cpu(tiny)
    together = figures(loaded, SAMPLES)
    assert figures(loaded, SAMPLES[::-1]) == together[::-1]
    assert [figures(cpu(tiny), [sample])[0] for sample in SAMPLES] == together


def test_both_methods_share_their_figures(tiny: Path):
    loaded = cpu(tiny)
    assert scores(loaded, "text", SAMPLES) == figures(loaded, SAMPLES)


def test_an_unknown_method_is_refused_with_the_ones_there_are(tiny: Path):
    with pytest.raises(
        SetupError, match="'perplexity'; there are ifeval, multiple_choice, preference, reference, text"
    ):
        scores(cpu(tiny), "perplexity", SAMPLES)


def test_a_sample_that_the_method_does_not_take_is_refused(tiny: Path):
    with pytest.raises(SetupError, match="method ifeval scores a InstructionSample, not a Sample"):
        scores(cpu(tiny), "ifeval", SAMPLES)


def test_losses_come_one_by_one_and_leave_torch_as_it_was(tiny: Path):
    found = losses(cpu(tiny), [("text", sample) for sample in SAMPLES], sequence_length=64)
    assert len(list(itertools.islice(found, 3))) == 3
    assert not torch.is_inference_mode_enabled()
    assert torch.is_grad_enabled()


def test_bfloat16_weights_change_the_figures_a_little(tiny: Path):
    exact = figures(cpu(tiny), SAMPLES)
    rounded = figures(load(tiny, dtype="bfloat16", device="cpu"), SAMPLES)
    assert rounded != exact
    assert rounded == pytest.approx(exact, abs=0.1)


def test_the_tokenizer_can_be_given(tmp_path: Path, tiny: Path):
    other = uniform_model(tmp_path / "other", letter_tokenizer(1, bos="a"))
    loaded = load(tiny, tokenizer=other, dtype="float32", device="cpu")
    assert loaded.tokenizer("ab")["input_ids"] == [0, 1]


def test_a_missing_weight_is_an_error_that_names_it(copy: Path, capfd: pytest.CaptureFixture[str]):
    weights = load_file(copy / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ScoringError, match=r"1 missing keys.*model\.layers\.1\.mlp\.up_proj\.weight"):
        cpu(copy)
    assert capfd.readouterr() == ("", "")


def test_a_weight_too_many_is_an_error_that_names_it(copy: Path):
    weights = load_file(copy / "model.safetensors") | {"model.extra": torch.zeros(2)}
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ScoringError, match=r"1 unexpected keys.*model\.extra"):
        cpu(copy)


def test_a_weight_of_another_shape_is_an_error(copy: Path):
    weights = load_file(copy / "model.safetensors") | {"model.norm.weight": torch.ones(47)}
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ScoringError):
        cpu(copy)


def test_a_damaged_file_is_one_sentence(copy: Path):
    data = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(data[:-100])
    with pytest.raises(ScoringError, match=r"^loading .* failed: .*") as caught:
        cpu(copy)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_an_error(copy: Path, name: str):
    (copy / name).unlink()
    with pytest.raises(ScoringError, match=str(copy)):
        cpu(copy)


def test_pickled_weights_are_never_read(copy: Path):
    torch.save(load_file(copy / "model.safetensors"), copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    with pytest.raises(ScoringError, match="loading"):
        cpu(copy)


def test_code_in_a_model_folder_is_never_run(copy: Path):
    config = json.loads((copy / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}
    config["model_type"] = "evil"
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "evil.py").write_text(f"open({str(copy / 'ran')!r}, 'w')\nclass Config: pass\nclass Model: pass\n")
    with pytest.raises(ScoringError):
        cpu(copy)
    assert not (copy / "ran").exists()


def test_a_damaged_tokenizer_is_an_error(copy: Path):
    (copy / "tokenizer.json").write_text('{"version": "1.0", "model": 7}')
    with pytest.raises(ScoringError, match="loading the tokenizer"):
        cpu(copy)


def test_an_adapter_beside_a_full_model_is_an_error(copy: Path):
    (copy / "adapter_config.json").write_text("{}")
    with pytest.raises(ScoringError, match="an adapter is loaded over a base"):
        cpu(copy)


def test_a_device_that_is_not_there_is_an_error(tiny: Path):
    with pytest.raises(ScoringError, match="moving the model to nonsense"):
        load(tiny, dtype="float32", device="nonsense")


def test_a_load_that_fails_leaves_transformers_as_talkative_as_it_was(copy: Path):
    before = logging.get_verbosity()
    logging.set_verbosity_info()
    (copy / "config.json").unlink()
    try:
        with pytest.raises(ScoringError):
            cpu(copy)
        assert logging.get_verbosity() == logging.INFO
    finally:
        logging.set_verbosity(before)


class PanicException(BaseException):
    """What a panic in tokenizers looks like from outside."""


def test_a_panic_inside_a_library_is_a_scoring_error():
    said = r"^doing it failed: PanicException: at line 7$"
    with pytest.raises(ScoringError, match=said), as_scoring_error("doing it"):
        raise PanicException("at line 7\nbacktrace")


@pytest.mark.parametrize("signal", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_request_to_stop_is_not_the_models_fault(signal: type[BaseException]):
    with pytest.raises(signal), as_scoring_error("doing it"):
        raise signal
