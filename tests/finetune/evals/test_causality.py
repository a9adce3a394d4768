"""The causality probe: honest models of every architecture pass, one that sees later tokens does not."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from finetune.errors import ModelRejected
from finetune.evals.causality import check_causality
from tests.finetune.evals.families import NAMES, random_model, variant_config


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_an_honest_model_passes(name: str, dtype: torch.dtype):
    check_causality(random_model(name).to(dtype), 48)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("llama, tied", "is_causal", False),
        ("qwen3, tied", "is_causal", False),
        ("gemma3_text, tied", "is_causal", False),
        ("gemma3_text, tied", "use_bidirectional_attention", True),
    ],
)
def test_a_model_that_sees_the_future_is_rejected_with_its_figures(name: str, key: str, value: bool):
    config = variant_config(name)
    setattr(config, key, value)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").eval()
    with pytest.raises(ModelRejected, match="position 24 of 48") as caught:
        check_causality(model, 48)
    assert caught.value.rejection.reason == "sees_the_future"
    assert caught.value.rejection.evidence["difference"] > 0


@pytest.mark.parametrize("scale", [1e-3, 1.0])
def test_a_slight_leak_is_found(scale: float):
    model = random_model("llama, tied")
    model.model.layers[1].register_forward_hook(lambda _m, _i, output: output + scale * output.roll(-1, dims=1))
    with pytest.raises(ModelRejected):
        check_causality(model, 48)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_hidden_states_that_are_no_numbers_are_called_by_their_name(number: float):
    model = random_model("llama, tied")
    with torch.no_grad():
        model.model.norm.weight.fill_(number)
    with pytest.raises(ModelRejected, match="NaN or infinite") as caught:
        check_causality(model, 48)
    assert caught.value.rejection.reason == "not_finite"
    assert caught.value.rejection.evidence == {"length": 48}
