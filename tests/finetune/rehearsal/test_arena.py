"""The arena's scenario: a small one, whole; and what is said where one of its promises is broken."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from finetune.evals.scorer import LocalScorer
from finetune.hub.client import HubClient
from finetune.mining.train import Lora, Recipe
from finetune.rehearsal.cast import (
    CREATOR,
    Cast,
    CreatorRole,
    Delegator,
    Miner,
    ValidatorRole,
    arena_cast,
)
from finetune.rehearsal.play import Rehearsal
from finetune.rehearsal.promises import Delegation, broken_promises
from finetune.rehearsal.remembering import RememberingScorer
from finetune.rehearsal.result import Result, result_of
from finetune.rehearsal.show import Show
from finetune.rehearsal.tables import print_tables
from finetune.rehearsal.world import open_world

RECIPE = Recipe(
    steps=25, batch_size=4, learning_rate=8e-3, warmup_steps=5, sequence_length=384, lora=Lora(rank=8, alpha=16.0)
)
CAST = Cast(
    competition="arena.toml",
    base="tiny-llama",
    creator=CreatorRole(training_rows=40, rows_a_part=90, parts=3, small_base="tiny-llama-small"),
    miners=(
        Miner(name="full", enters=1, refused="model_not_allowed"),
        Miner(name="node", enters=1, recipe=RECIPE, node=True),
    ),
    validators=(ValidatorRole(name="north", stake=500.0), ValidatorRole(name="south", stake=300.0)),
    delegator=Delegator(name="delegator", stake=400.0, validator="south", enters=2),
    rounds=2,
    best="node",
)
Played = tuple[Result, list[dict[str, Any]], Path]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    out = tmp_path_factory.mktemp("arena")
    with open_world(out, 7, CAST, port=0) as world, Show(Console(file=io.StringIO())) as show:
        rehearsal = Rehearsal(world, CAST, show, RememberingScorer(LocalScorer()))
        try:
            rehearsal.play()
            result = result_of(rehearsal, seconds=0.0)
        finally:
            rehearsal.close()
    records = [json.loads(path.read_text())["record"] for path in sorted((out / "reports").rglob("*.json"))]
    return result, records, out


def test_the_best_training_node_holds_the_seat_and_every_promise_is_kept(played: Played) -> None:
    result, _, _ = played
    assert result.failures() == []
    assert result.names[result.champion] == "node"


def test_what_the_task_creator_names_is_in_the_catalog_that_validators_play_by(played: Played) -> None:
    _, records, _ = played
    (training,) = {json.dumps(record["competition"]["training"], sort_keys=True) for record in records}
    assert json.loads(training)["repository"] == f"{CREATOR}/house-style"
    (task,) = records[0]["competition"]["tasks"]
    assert set(task["options"]["hidden"]) == {"digest", "first_block", "every_blocks"}


def test_the_rows_of_a_round_lie_in_neither_the_training_file_nor_an_earlier_part(played: Played) -> None:
    _, _, out = played
    creator = out / "creator"
    training, hidden = ((creator / name).read_text().splitlines() for name in ("train.jsonl", "hidden.jsonl"))
    assert not set(training) & set(hidden)
    revealed = sorted(path.name for path in (creator / "parts" / "public" / "parts").iterdir())
    assert revealed == [f"{number:04}.parquet" for number in range(3)]


def test_the_delegators_stake_raises_its_validators_share_and_is_shown(played: Played) -> None:
    result, _, _ = played
    assert result.delegation is not None
    assert result.delegation.stake_share_before < 0.4 < result.delegation.stake_share_after
    assert result.delegation.dividends_before < result.delegation.dividends_after
    console = Console(file=io.StringIO(), width=100)
    print_tables(console, result)
    assert isinstance(console.file, io.StringIO)
    assert "delegator stakes 400 alpha on south" in console.file.getvalue()


def test_the_hub_dates_what_is_uploaded_by_the_newest_block(tmp_path: Path) -> None:
    with open_world(tmp_path / "out", 1, CAST, port=0) as world:
        datasets = HubClient(world.endpoint, world.token(CREATOR), kind="dataset")
        for _ in range(3):
            world.advance()
        datasets.create(f"{CREATOR}/d", private=False)
        (made,) = datasets.history(f"{CREATOR}/d", back_to=0.0)
        assert made.time == pytest.approx(world.chain.block_time(3), abs=0.01)


# Broken promises

HOTKEYS = {name: f"hotkey of {name}" for name in ("full", "node")}
DELEGATION = Delegation(
    delegator="delegator",
    validator="south",
    stake=400.0,
    stake_share_before=0.375,
    stake_share_after=0.58,
    dividends_before=0.375,
    dividends_after=0.45,
    earned=3.0,
)


def record(sync: int, digest: str, **reasons: str) -> dict[str, Any]:
    rejections = {f"{HOTKEYS[name]}@2": {"reason": reason} for name, reason in reasons.items()}
    return {"sync": sync, "samples": {"digest": digest}, "rejections": rejections}


GOOD = [
    record(20, "a", full="model_not_allowed"),
    record(20, "a", full="model_not_allowed"),
    record(40, "b", full="model_not_allowed"),
]


@pytest.mark.parametrize(
    ("records", "delegation", "said"),
    [
        (GOOD, DELEGATION, None),
        ([record(20, "a")], DELEGATION, "full must be rejected for model_not_allowed; found: nothing"),
        ([record(20, "a", full="unknown_base")], DELEGATION, "for model_not_allowed; found: unknown_base"),
        ([*GOOD, record(60, "c", node="same_weights")], DELEGATION, "node must be rejected for nothing; found: same_w"),
        ([*GOOD, record(40, "x")], DELEGATION, "validators scored different rows in round 40"),
        ([*GOOD, record(60, "a")], DELEGATION, "two rounds scored the same rows"),
        (GOOD, None, "nobody delegated after a first epoch"),
        (
            GOOD,
            replace(DELEGATION, dividends_after=0.375),
            "did not raise south's share of the dividends: 0.375",
        ),
        (GOOD, replace(DELEGATION, earned=0.0), "delegator earned nothing with its stake"),
    ],
)
def test_a_broken_promise_is_one_sentence(
    records: list[dict[str, Any]], delegation: Delegation | None, said: str | None
) -> None:
    found = broken_promises(CAST, HOTKEYS, records, delegation)
    assert len(found) == (0 if said is None else 1)
    assert said is None or said in found[0]


def test_the_shipped_cast_has_all_four_roles_and_nodes_of_unequal_skill() -> None:
    cast = arena_cast(0)
    nodes = [one for one in cast.miners if one.node]
    assert cast.creator is not None
    assert cast.creator.parts > cast.rounds
    assert len({(one.recipe.steps, one.recipe.lora.rank) for one in nodes if one.recipe and one.recipe.lora}) >= 3
    assert len({one.refused for one in cast.miners}) == 3
    assert len({role.stake for role in cast.validators}) == 2
    assert 1 < cast.delegator.enters <= cast.rounds
