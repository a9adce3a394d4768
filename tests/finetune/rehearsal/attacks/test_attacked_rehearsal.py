"""A rehearsal against a few attackers, whole: real chain, hub, gates and validators; the models are harmless."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from finetune.board.folders import ReportFolders
from finetune.board.inquiry import inquire
from finetune.evals.scorer import LocalScorer
from finetune.mining.train import Recipe
from finetune.rehearsal.attacks.registry import choose
from finetune.rehearsal.attacks.verdicts import Verdict
from finetune.rehearsal.cast import Miner, attacked_cast
from finetune.rehearsal.leave import leave
from finetune.rehearsal.play import Rehearsal
from finetune.rehearsal.remembering import RememberingScorer
from finetune.rehearsal.result import Result, result_of
from finetune.rehearsal.show import Show
from finetune.rehearsal.tables import print_tables
from finetune.rehearsal.world import open_world

RECIPE = Recipe(steps=4, batch_size=4, learning_rate=3e-3, warmup_steps=1, sequence_length=256)
CHOSEN = [
    "exact-copy", "copy-with-noise", "front-runner", "commit-before-upload",
    "swapped-repository", "anothers-hash", "pickle", "custom-code", "symlink",
    "many-registrations", "weight-copier", "liar",
]  # fmt: skip
CAST = attacked_cast(7, choose(CHOSEN))
CAST = replace(
    CAST,
    attacks=tuple(replace(one, acts={3: one.acts[5]}) if one.keys == 40 else one for one in CAST.attacks),
    competition="tiny.toml",
    schooling=None,
    miners=(
        Miner(name="steady", enters=1, recipe=RECIPE),
        Miner(name="best", enters=2, recipe=replace(RECIPE, steps=16)),
    ),
    rounds=3,
)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("attacked")


@pytest.fixture(scope="module")
def result(out: Path) -> Result:
    console = Console(file=io.StringIO(), width=100)
    with open_world(out, 7, CAST, port=0) as world, Show(console) as show:
        rehearsal = Rehearsal(world, CAST, show, RememberingScorer(LocalScorer()))
        try:
            rehearsal.play()
            found = result_of(rehearsal, seconds=0.0)
            leave(rehearsal, found)
        finally:
            rehearsal.close()
    return found


@pytest.fixture(scope="module")
def verdicts(result: Result) -> dict[str, Verdict]:
    return {one.name: one for one in result.attacks}


def test_no_attacker_earns_anything_and_the_honest_best_holds_the_seat(result: Result) -> None:
    assert result.failures() == []
    assert result.names[result.champion] == "best"
    assert [one.name for one in result.attacks if one.earned] == []


@pytest.mark.parametrize(
    ("name", "stopped_by", "reason"),
    [
        ("exact-copy", "copy", "same_weights"),
        ("copy-with-noise", "duel", "behind"),
        ("front-runner", "copy", "same_weights"),
        ("commit-before-upload", "download", "repository_gone"),
        ("swapped-repository", "download", "repository_gone"),
        ("anothers-hash", "gate", "hash_mismatch"),
        ("symlink", "gate", "malformed_weights"),
        ("many-registrations", "copy", "same_weights"),
        ("crony", "duel", "behind"),
    ],
)
def test_each_attack_is_stopped_where_it_should_be(verdicts, name: str, stopped_by: str, reason: str) -> None:
    assert (verdicts[name].stopped_by, verdicts[name].reason) == (stopped_by, reason)


def test_forty_registrations_of_one_model_cost_one_duel(verdicts) -> None:
    found = verdicts["many-registrations"]
    assert found.submissions == {"copy: same_weights": 39, "duel: behind": 1}
    assert 0 < found.samples_spent < 40 * len(CAST.validators)


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("pickle", {"file_not_allowed", "malformed_weights"}),
        ("custom-code", {"file_not_allowed", "forbidden_config_key"}),
    ],
)
def test_code_is_out_in_every_disguise_before_anything_is_scored(verdicts, name: str, reasons: set[str]) -> None:
    assert verdicts[name].submissions == {f"gate: {reason}": 1 for reason in reasons}
    assert verdicts[name].samples_spent == 0


def test_copies_that_are_told_before_scoring_cost_no_sample(verdicts) -> None:
    assert {name: verdicts[name].samples_spent for name in ("exact-copy", "front-runner", "pickle")} == {
        "exact-copy": 0,
        "front-runner": 0,
        "pickle": 0,
    }


def test_the_hub_shows_nothing_before_the_commitment_and_takes_no_path_outside(verdicts) -> None:
    assert any("best/tiny-llama" in refusal for refusal in verdicts["front-runner"].refused)
    assert any("a path is relative" in refusal for refusal in verdicts["symlink"].refused)


def test_validators_that_lie_or_copy_get_less_for_their_stake(result: Result) -> None:
    assert [one.name for one in result.rogues] == ["weight-copier", "liar"]
    for one in result.rogues:
        assert one.dividends_per_stake < one.honest_dividends_per_stake, one


def test_the_files_and_the_table_tell_how_each_attack_ended(result: Result, out: Path) -> None:
    kept = json.loads((out / "result.json").read_text())["attacks"]
    entry = next(one for one in kept if one["name"] == "symlink")
    assert {key: entry[key] for key in ("stopped_by", "reason", "earned", "samples_spent")} == {
        "stopped_by": "gate",
        "reason": "malformed_weights",
        "earned": 0.0,
        "samples_spent": 0,
    }
    console = Console(file=io.StringIO(), width=100)
    print_tables(console, result)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert all(name in shown for name in CHOSEN)
    assert (out / "site" / "index.html").stat().st_size > 3_000


def test_an_attack_that_earned_fails_the_rehearsal(result: Result, verdicts) -> None:
    earned = replace(verdicts["exact-copy"], earned=0.5)
    assert replace(result, attacks=(earned,)).failures() == ["the attack exact-copy earned 50.00% of all incentive"]


@pytest.mark.parametrize("name", [name for name in (*CHOSEN, "crony") if name not in ("weight-copier", "liar")])
def test_explain_names_the_true_cause_of_every_attackers_end(result: Result, out: Path, verdicts, name: str) -> None:
    folders = ReportFolders([out])
    folders.read()
    own = [hotkey for hotkey, called in result.names.items() if called == name or called.startswith(f"{name}-")]
    known = {hotkey for one in folders.readings for hotkey in one.record.uids} & set(own)
    told = [" ".join(one.sentences) for hotkey in known for one in inquire(folders, None, hotkey).found]
    found = verdicts[name]
    expected = ["Stopped early 0 to"] if found.stopped_by == "duel" else [f"({found.reason}, the miner's fault)"]
    counts = found.submissions.items()
    assert len(told) == sum(count for _, count in counts)
    wanted = max(count for _, count in counts)
    assert sum(all(words in one for words in expected) for one in told) == wanted
