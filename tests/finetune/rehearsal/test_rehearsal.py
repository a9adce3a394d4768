"""A small rehearsal, whole: two miners of different skill and a copier, two validators of which one starts late."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from finetune.evals.scorer import LocalScorer
from finetune.mining.train import Recipe
from finetune.rehearsal.cast import Cast, Delegator, Miner, ValidatorRole, tiny_cast
from finetune.rehearsal.leave import leave
from finetune.rehearsal.play import Rehearsal
from finetune.rehearsal.result import Result, result_of
from finetune.rehearsal.show import Show
from finetune.rehearsal.world import open_world
from finetune.signing import signed_by
from finetune.validating.report import OWN

RECIPE = Recipe(steps=4, batch_size=4, learning_rate=3e-3, warmup_steps=1, sequence_length=256)
CAST = Cast(
    competition="tiny.toml",
    base="tiny-llama",
    miners=(
        Miner(name="idle", enters=1),
        Miner(name="good", enters=1, recipe=RECIPE),
        Miner(name="better", enters=2, recipe=replace(RECIPE, steps=16)),
        Miner(name="copier", enters=3, copies="better"),
    ),
    validators=(
        ValidatorRole(name="north", stake=500.0, wiped=3),
        ValidatorRole(name="late", stake=300.0, enters=3),
    ),
    delegator=Delegator(name="delegator", stake=100.0, validator="late"),
    rounds=4,
    best="better",
)


def rehearse(out: Path, seed: int, cast: Cast = CAST) -> tuple[Result, list[dict[str, Any]], str]:
    """Play; gives the result, every report without what is of time, and what was shown."""
    console = Console(file=io.StringIO(), width=100)
    with open_world(out, seed, cast, port=0) as world, Show(console) as show:
        rehearsal = Rehearsal(world, cast, show, LocalScorer())
        try:
            rehearsal.play()
            result = result_of(rehearsal, seconds=0.0)
            assert leave(rehearsal, result) == out / "site" / "index.html"
        finally:
            rehearsal.close()
    reports = [json.loads(path.read_text()) for path in sorted((out / "reports").rglob("*.json"))]
    assert isinstance(console.file, io.StringIO)
    return result, reports, console.file.getvalue()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, list[dict[str, Any]], str]:
    return rehearse(tmp_path_factory.mktemp("first"), seed=7)


def test_the_best_honest_miner_earns_all_and_the_copier_nothing(played) -> None:
    result, _, _ = played
    assert result.failures() == []
    assert result.names[result.champion] == "better"
    assert result.incentive[result.champion] == pytest.approx(1.0)
    assert result.copier_incentive == 0.0


def test_validators_agree_although_one_came_late_and_one_lost_its_state(played) -> None:
    result, _, _ = played
    assert result.validators_agree
    assert all(trust == pytest.approx(1.0) for trust in result.vtrust.values())


def test_the_delegator_earns_its_part_of_its_validators_dividends(played) -> None:
    result, _, _ = played
    earned = {result.names[coldkey]: amount for coldkey, amount in result.earned.items()}
    assert 0 < earned["delegator"] < earned["late"]


def test_every_round_leaves_a_report_signed_by_its_validator(played) -> None:
    result, reports, _ = played
    assert sorted(result.names[signed_by(report) or ""] for report in reports) == ["late"] * 2 + ["north"] * 4


def test_whoever_submits_the_base_or_anothers_weights_is_told_so(played) -> None:
    result, reports, _ = played
    reasons = {
        result.names[key.partition("@")[0]]: rejection["reason"]
        for report in reports
        for key, rejection in report["record"]["rejections"].items()
    }
    assert reasons == {"idle": "same_weights", "copier": "same_weights"}


def test_progress_without_a_terminal_is_plain_lines_with_the_expected_end(played) -> None:
    _, _, shown = played
    assert "training: 100%" in shown
    assert "s left" in shown
    assert "round 2: north seats better" in shown
    assert "\x1b" not in shown


def test_the_same_seed_gives_the_same_losses_weights_and_champion_and_another_seed_others(
    played, tmp_path: Path
) -> None:
    result, reports, _ = played
    again, repeated, _ = rehearse(tmp_path / "again", seed=7)
    assert again == result
    assert [timeless(report) for report in repeated] == [timeless(report) for report in reports]
    _, others, _ = rehearse(tmp_path / "other", seed=8, cast=replace(CAST, rounds=2, best="better"))
    assert timeless(others[0])["losses"] != timeless(reports[0])["losses"]


def timeless(report: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in report["record"].items() if key not in (*OWN, "time")}


def test_a_rehearsal_that_comes_out_wrong_says_why(played) -> None:
    result, _, _ = played
    copier = next(hotkey for hotkey, name in result.names.items() if name == "copier")
    wrong = replace(result, champion=copier, copier_incentive=0.25, validators_agree=False)
    assert wrong.failures() == [
        "the best honest miner, better, is not champion: copier is",
        "the copier earned an incentive of 0.250000",
        "the validators disagree at the end: see weights in result.json",
    ]


def test_the_shipped_cast_has_every_part_that_a_newcomer_should_see() -> None:
    cast = tiny_cast(0)
    honest = [miner for miner in cast.miners if miner.copies is None]
    assert len(honest) == 4
    assert sum(miner.recipe is None for miner in honest) == 1
    assert next(miner for miner in cast.miners if miner.copies).copies == cast.best
    assert len({role.stake for role in cast.validators}) == 3
    assert any(role.enters > 1 for role in cast.validators)
    assert any(role.wiped for role in cast.validators)
