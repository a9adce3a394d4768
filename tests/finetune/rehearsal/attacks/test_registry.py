"""The list of attacks: what every rehearsal against all of them holds, and how one names a few."""

import pytest

from finetune.errors import SetupError
from finetune.hub.server.names import checked_name
from finetune.rehearsal.attacks.attack import VICTIM_ENTERS, Attack, ValidatorAttack
from finetune.rehearsal.attacks.registry import ATTACKS, choose
from finetune.rehearsal.cast import attacked_cast

MINERS = [
    "exact-copy", "resharded-copy", "copy-in-another-dtype", "copy-with-noise", "copy-with-training",
    "merged-copies", "permuted-copy", "rescaled-copy", "second-key", "front-runner",
    "commit-before-upload", "swapped-repository", "pushed-over", "deleted-repository", "private-repository",
    "wrong-hash", "anothers-hash", "giant-file", "tiny-files", "pickle",
    "custom-code", "symlink", "future-config", "nan-weights", "exploding-norms",
    "constant-answer", "degenerate-text", "slow-generator", "hanging-template", "huge-vocabulary",
    "lossy-tokenizer", "answering-template", "changed-base", "last-rounds-data", "better-on-half",
    "many-registrations", "noisy-copies",
]  # fmt: skip
VALIDATORS = ["weight-copier", "liar", "latecomer", "other-catalog"]


def test_every_attack_is_there_by_name() -> None:
    assert {name for name, one in ATTACKS.items() if isinstance(one, Attack)} == set(MINERS)
    assert [name for name, one in ATTACKS.items() if isinstance(one, ValidatorAttack)] == VALIDATORS


@pytest.mark.parametrize("name", MINERS)
def test_a_name_is_a_user_of_the_hub_and_leaves_room_in_a_commitment(name: str) -> None:
    assert checked_name(name) == name
    assert len(f"{name}:m") <= 39


def test_an_attack_says_what_it_does_in_one_sentence() -> None:
    assert [one.name for one in ATTACKS.values() if one.says.count(". ") or not one.says.endswith(".")] == []


def test_names_choose_attacks_once_each_and_in_order() -> None:
    assert [one.name for one in choose(["pickle", "exact-copy", "pickle"])] == ["exact-copy", "pickle"]
    assert choose(["all", "pickle"]) == tuple(ATTACKS.values())


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(SetupError, match=r"'copy'; there are all, exact-copy, "):
        choose(["exact-copy", "copy"])


def test_all_attackers_together_fit_a_rehearsal_and_the_honest_hold_most_stake() -> None:
    cast = attacked_cast(0, choose(["all"]))
    owned = dict(cast.hotkeys())
    assert len(owned) == len(list(cast.hotkeys())) < 256
    assert sum(owner == "many-registrations" for owner in owned.values()) == 40
    assert {one.name for one in cast.attacks} == {*MINERS, "crony"}
    assert all(1 <= number <= cast.rounds for one in cast.attacks for number in one.acts)
    assert cast.rounds > VICTIM_ENTERS
    assert sum(one.stake for one in cast.validators) > 1.5 * sum(one.stake for one in cast.rogues)
