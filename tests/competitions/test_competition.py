from dataclasses import replace
from math import nan

import pytest

from competitions.check import Invalid
from competitions.competition import (
    WORST_LOSS,
    Competition,
    Constraints,
    Judge,
    Pinned,
    Precision,
    Reference,
    Round,
    Task,
    Training,
)

HEX40, HEX64 = "1f" * 20, "1f" * 32
SMALL = Constraints(architectures=("LlamaForCausalLM",), max_parameters=1, max_bytes=1, sequence_length=16)
TASK = Task(name="TEXT", method="text", stream="lines", weight=1.0)
MODEL = Reference(repository="owner/model", revision=HEX40, digest=HEX64, control_losses=(1.5,))
DATA = Training(repository="owner/data", revision=HEX40, digest=HEX64, file="data/train.jsonl")
BASE = Pinned(repository="owner/base", revision=HEX40, digest=HEX64)


def test_the_constants_that_a_file_does_not_name_are_those_of_the_rules() -> None:
    assert Round() == Round(sync_blocks=360, eval_delay=360, batches=240, batch_size=4, challengers=16)
    assert Judge() == Judge(
        floor=0.001,
        season_blocks=50_400,
        alpha=1e-4,
        stop_alpha=0.01,
        unreachable_rounds=3,
        missed_rounds=3,
        differing_rounds=2,
    )
    assert WORST_LOSS == {"text": 8, "reference": 8, "multiple_choice": 8, "preference": 8, "ifeval": 1}


@pytest.mark.parametrize(
    ("value", "change", "key"),
    [
        (MODEL, {"repository": "model"}, "repository"),
        (MODEL, {"repository": "owner/../model"}, "repository"),
        (MODEL, {"repository": "owner/mo del"}, "repository"),
        (MODEL, {"repository": "owner/modél"}, "repository"),
        (MODEL, {"repository": "owner/model\n"}, "repository"),
        (MODEL, {"revision": "main"}, "revision"),
        (MODEL, {"revision": HEX40.upper()}, "revision"),
        (MODEL, {"digest": HEX40}, "digest"),
        (MODEL, {"control_losses": (1.0, nan)}, "control_losses"),
        (MODEL, {"control_losses": (8.5,)}, "control_losses"),
        (MODEL, {"control_losses": (-0.1,)}, "control_losses"),
        (MODEL, {"control_tolerance": 0.0}, "control_tolerance"),
        (MODEL, {"control_tolerance": nan}, "control_tolerance"),
        (SMALL, {"architectures": ()}, "architectures"),
        (SMALL, {"architectures": ("LlamaForCausalLM", "BertModel")}, "architectures"),
        (SMALL, {"architectures": ("os.ForCausalLM",)}, "architectures"),
        (SMALL, {"min_parameters": -1}, "min_parameters"),
        (SMALL, {"min_parameters": 2}, "max_parameters"),
        (SMALL, {"max_parameters": 0}, "max_parameters"),
        (SMALL, {"max_bytes": 0}, "max_bytes"),
        (SMALL, {"sequence_length": 15}, "sequence_length"),
        (SMALL, {"sequence_length": (1 << 20) + 1}, "sequence_length"),
        (SMALL, {"lora": "allowed"}, "bases"),
        (SMALL, {"lora": "only"}, "bases"),
        (SMALL, {"bases": (BASE,)}, "bases"),
        (DATA, {"revision": ""}, "revision"),
        (DATA, {"digest": ""}, "digest"),
        (DATA, {"digest": HEX40}, "digest"),
        (DATA, {"file": ""}, "file"),
        (DATA, {"file": "train.txt"}, "file"),
        (DATA, {"file": "../train.jsonl"}, "file"),
        (DATA, {"file": "/etc/train.jsonl"}, "file"),
        (TASK, {"name": "text"}, "name"),
        (TASK, {"name": "A" * 41}, "name"),
        (TASK, {"name": ""}, "name"),
        (TASK, {"method": "perplexity"}, "method"),
        (TASK, {"stream": ""}, "stream"),
        (TASK, {"weight": 0.0}, "weight"),
        (TASK, {"weight": 1.1}, "weight"),
        (TASK, {"weight": nan}, "weight"),
        (Round(), {"sync_blocks": 0}, "sync_blocks"),
        (Round(), {"eval_delay": -1}, "eval_delay"),
        (Round(), {"batches": 0}, "batches"),
        (Round(), {"batches": 100_001}, "batches"),
        (Round(), {"batch_size": 0}, "batch_size"),
        (Round(), {"challengers": 0}, "challengers"),
        (Judge(), {"floor": -0.001}, "floor"),
        (Judge(), {"floor": nan}, "floor"),
        (Judge(), {"season_blocks": 0}, "season_blocks"),
        (Judge(), {"alpha": 0.0}, "alpha"),
        (Judge(), {"alpha": 0.6}, "alpha"),
        (Judge(), {"alpha": nan}, "alpha"),
        (Judge(), {"stop_alpha": 0.0}, "stop_alpha"),
        (Judge(), {"unreachable_rounds": 0}, "unreachable_rounds"),
        (Judge(), {"missed_rounds": 0}, "missed_rounds"),
        (Judge(), {"differing_rounds": 0}, "differing_rounds"),
        (Precision(), {"dtype": "bfloat16"}, "hardware"),
    ],
)
def test_a_value_out_of_its_range_is_refused_by_its_key(
    value: Reference | Constraints | Task | Round | Judge | Precision, change: dict[str, object], key: str
) -> None:
    with pytest.raises(Invalid) as caught:
        replace(value, **change)  # type: ignore[arg-type]
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"id": -1}, "id"),
        ({"id": 10**9}, "id"),
        ({"title": " "}, "title"),
        ({"title": "x" * 81}, "title"),
        ({"reward": -0.1}, "reward"),
        ({"reward": 1.1}, "reward"),
        ({"reward": nan}, "reward"),
        ({"first_block": -1}, "first_block"),
        ({"first_block": 10, "last_block": 9}, "last_block"),
        ({"tasks": ()}, "tasks"),
        ({"tasks": (replace(TASK, weight=0.5), replace(TASK, weight=0.5))}, "tasks"),
        ({"tasks": (replace(TASK, weight=0.5),)}, "tasks.weight"),
        ({"tasks": (replace(TASK, weight=0.5), replace(TASK, name="B", weight=0.500001))}, "tasks.weight"),
        ({"constraints": replace(SMALL, max_parameters=1_000_000_001)}, "precision.dtype"),
    ],
)
def test_a_competition_whose_parts_do_not_fit_is_refused_by_its_key(
    tiny: Competition, change: dict[str, object], key: str
) -> None:
    with pytest.raises(Invalid) as caught:
        replace(tiny, **change)  # type: ignore[arg-type]
    assert caught.value.key == key


def test_a_billion_parameters_may_be_scored_in_float32(tiny: Competition) -> None:
    replace(tiny, constraints=replace(SMALL, max_parameters=1_000_000_000))


def test_ten_weights_of_a_tenth_sum_to_one(tiny: Competition) -> None:
    replace(tiny, tasks=tuple(replace(TASK, name=f"T{n}", weight=0.1) for n in range(10)))


def test_both_its_first_and_its_last_block_belong_to_a_competition(tiny: Competition) -> None:
    between = replace(tiny, first_block=10, last_block=20)
    assert [between.runs_at(block) for block in (9, 10, 20, 21)] == [False, True, True, False]
    assert replace(tiny, first_block=10).runs_at(10**9)


def test_a_competition_is_pinned_once_reference_control_losses_and_every_base_are(tiny: Competition) -> None:
    lora = replace(SMALL, lora="allowed", bases=(BASE,))
    assert replace(tiny, reference=MODEL, constraints=lora).pinned
    for reference in (
        replace(MODEL, revision=""),
        replace(MODEL, digest=""),
        replace(MODEL, control_losses=()),
    ):
        assert not replace(tiny, reference=reference, constraints=lora).pinned
    for base in (replace(BASE, revision=""), replace(BASE, digest="")):
        assert not replace(tiny, reference=MODEL, constraints=replace(lora, bases=(BASE, base))).pinned


def test_the_worst_loss_of_a_task_is_that_of_its_method() -> None:
    assert {method: replace(TASK, method=method).worst for method in WORST_LOSS} == WORST_LOSS
