"""What a competition would turn away is refused before anything is trained."""

import dataclasses
import tomllib
from pathlib import Path

import pytest

from competitions.competition import Competition, Pinned
from competitions.tables import from_table
from finetune.errors import SetupError
from finetune.hub.digest import folder_digest
from finetune.mining.recipes.rules import check_rules
from tests.finetune.mining.recipes.runs import RULES, recipe

TINY = from_table(Competition, tomllib.loads(RULES))


def under(**changes: object) -> Competition:
    return dataclasses.replace(TINY, constraints=dataclasses.replace(TINY.constraints, **changes))


def test_what_fits_passes(base: Path):
    check_rules(recipe("lora"), base, TINY)
    check_rules(recipe("full"), base, TINY)
    mine = (Pinned(repository="owner/tiny", revision="0" * 40, digest=folder_digest(base)),)
    check_rules(recipe("lora"), base, under(bases=mine))


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("lora", {"lora": "no", "bases": ()}, "competition 1 takes full models only; train with the recipe full"),
        ("full", {"lora": "only"}, "competition 1 takes LoRA adapters only; train with the recipe lora"),
        (
            "full",
            {"architectures": ("PhiForCausalLM",)},
            "competition 1 allows PhiForCausalLM",
        ),
        ("full", {"max_parameters": 10}, r"has [\d,]+ parameters; competition 1 allows 0 to 10"),
        ("lora", {"sequence_length": 32}, "sequence_length is 64; allowed is at most 32"),
        (
            "lora",
            {"bases": (Pinned(repository="owner/other", revision="0" * 40, digest="0" * 64),)},
            "is none of the bases of competition 1: owner/other",
        ),
    ],
)
def test_what_would_be_rejected_is_refused(base: Path, name: str, changes: dict[str, object], said: str):
    with pytest.raises(SetupError, match=said):
        check_rules(recipe(name), base, under(**changes))


def test_a_base_that_is_no_model_is_refused(tmp_path: Path):
    with pytest.raises(SetupError, match="is no model folder"):
        check_rules(recipe("lora"), tmp_path, TINY)
