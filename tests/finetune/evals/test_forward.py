"""Forward passes: the plain loop's figures for every architecture, however the pass is cut."""

import math

import pytest
import torch

from finetune.evals import forward
from finetune.evals.forward import branch_cross_entropies, cross_entropy
from finetune.evals.memory import is_out_of_memory, smaller_steps
from tests.finetune.evals.families import NAMES, ROWS, random_model

PROMPT, SCORED = list(range(3, 23)), [5, 40, 41, 2, 8, 8, 9]


def plain(model, prompt: list[int], scored: list[int]) -> float:
    """All logits, cross-entropy on copies shifted by one."""
    ids = torch.tensor([prompt + scored])
    with torch.no_grad():
        logits = model(ids).logits[0].float()
    nats = torch.nn.functional.cross_entropy(logits[:-1], ids[0, 1:], reduction="none")
    return nats[len(prompt) - 1 :].sum().item()


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest):
    return random_model(request.param)


def test_the_figure_is_the_plain_loops(model):
    assert cross_entropy(model, PROMPT, SCORED) == pytest.approx(plain(model, PROMPT, SCORED), abs=1e-4)


@pytest.mark.parametrize("step", [(1 << 20, None), (1, 4), (1 << 20, 1)])
def test_smaller_steps_give_the_same_figure(model, monkeypatch: pytest.MonkeyPatch, step):
    expected = cross_entropy(model, PROMPT, SCORED)
    monkeypatch.setattr(forward, "STEPS", ((1, None), (16, None), step))
    monkeypatch.setattr(forward, "smaller_steps", lambda compute, steps: compute(steps[-1]))
    assert cross_entropy(model, PROMPT, SCORED) == pytest.approx(expected, abs=1e-4)


def test_branches_cost_what_each_costs_alone(model):
    other = [*PROMPT[:12], 7, 7, 9]
    sequences = [(PROMPT, SCORED), (PROMPT, [1]), (PROMPT, [2]), (other, [3]), (other, SCORED[::-1])]
    alone = [plain(model, prompt, scored) for prompt, scored in sequences]
    assert branch_cross_entropies(model, sequences) == pytest.approx(alone, abs=1e-4)


def test_branches_without_a_common_beginning_cost_what_each_costs_alone(model):
    sequences = [(PROMPT, SCORED), (PROMPT[1:], SCORED)]
    alone = [plain(model, prompt, scored) for prompt, scored in sequences]
    assert branch_cross_entropies(model, sequences) == pytest.approx(alone, abs=1e-4)


def test_long_rope_sequences_are_never_cut_or_joined():
    model, seen = random_model("phi3, long rope"), []
    model.base_model.register_forward_pre_hook(
        lambda _module, _args, options: seen.append(tuple(options["input_ids"].shape)), with_kwargs=True
    )
    branch_cross_entropies(model, [(PROMPT, [1]), (PROMPT, SCORED)])
    assert seen == [(1, len(PROMPT)), (1, len(PROMPT) + len(SCORED) - 1)]


def test_an_id_that_the_model_lacks_is_nan_and_leaves_the_others_their_figures():
    model = random_model("llama, tied")
    assert math.isnan(cross_entropy(model, PROMPT, [ROWS]))
    found = branch_cross_entropies(model, [(PROMPT, [1]), (PROMPT, [ROWS])])
    assert found[0] == pytest.approx(plain(model, PROMPT, [1]), abs=1e-4)
    assert math.isnan(found[1])


def test_what_the_rows_share_goes_through_the_model_once():
    model, seen = random_model("llama, tied"), []
    model.base_model.register_forward_pre_hook(
        lambda _module, _args, options: seen.append(tuple(options["input_ids"].shape)), with_kwargs=True
    )
    branch_cross_entropies(model, [(PROMPT, [1]), (PROMPT, [2]), ([*PROMPT[:15], 1, 2], [3])])
    assert seen == [(1, 15), (2, 5)]


def test_logits_exist_for_scored_positions_only_and_a_slice_at_a_time(monkeypatch: pytest.MonkeyPatch):
    model, seen = random_model("llama, tied"), []
    model.get_output_embeddings().register_forward_hook(lambda _m, _i, output: seen.append(tuple(output.shape)))
    monkeypatch.setattr(forward, "LOGITS", 3 * ROWS)
    cross_entropy(model, PROMPT, SCORED)
    assert seen == [(3, ROWS), (3, ROWS), (1, ROWS)]


def fails_above(model, positions: int) -> None:
    """Let the model's body run out of memory where more than so many ids come at once."""

    def check(_module, _args, options):
        if options["input_ids"].shape[1] > positions:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:128] . DefaultCPUAllocator: can't allocate memory")

    model.base_model.register_forward_pre_hook(check, with_kwargs=True)


def test_where_memory_runs_out_smaller_steps_find_the_same_figure():
    model = random_model("gemma2, windows")
    prompt = PROMPT * 6
    expected = plain(model, prompt, SCORED)
    fails_above(model, 64)
    assert cross_entropy(model, prompt, SCORED) == pytest.approx(expected, abs=1e-4)
    found = branch_cross_entropies(model, [(prompt, SCORED), (prompt, [1])])
    assert found[0] == pytest.approx(expected, abs=1e-4)


def test_in_bfloat16_the_body_is_never_cut():
    model = random_model("llama, tied").bfloat16()
    fails_above(model, 64)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        cross_entropy(model, PROMPT * 6, SCORED)


def test_in_bfloat16_the_softmax_is_float32():
    model = random_model("llama, tied").bfloat16()
    ids = torch.tensor([PROMPT + SCORED])
    with torch.no_grad():
        logits = model(ids).logits[0, len(PROMPT) - 1 : -1]
    nats = torch.nn.functional.cross_entropy(logits.float(), torch.tensor(SCORED), reduction="sum")
    assert cross_entropy(model, PROMPT, SCORED) == pytest.approx(nats.item(), abs=1e-5)


def test_other_errors_are_not_tried_again():
    tried = []

    def compute(step: int) -> None:
        tried.append(step)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        smaller_steps(compute, (3, 2, 1))
    assert tried == [3]


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_every_devices_word_for_it_is_known(error: Exception):
    assert is_out_of_memory(error)
    assert not is_out_of_memory(RuntimeError("shapes do not fit"))
