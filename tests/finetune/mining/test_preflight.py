"""Preflight: a miner hears before a commitment what validators would say, from their own gates and their own rules."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from competitions.competition import Competition, Round
from competitions.files import read_competition
from finetune.errors import ScorerUnavailable
from finetune.evals.port import Folders
from finetune.evals.scorer import LocalScorer
from finetune.mining.odds import odds
from finetune.mining.preflight import Rival, Verdict, preflight
from finetune.mining.tiny import build_tiny
from finetune.streams.registry import open_stream
from finetune.streams.sources import Window
from tests.finetune.evals import hostile

TABLE = hostile.AT_THE_GATES | hostile.OPENED
CASES = (
    "code",
    "a link to another's weights",
    "a million layers",
    "weights cut short",
    "more rows said than there are",
)


@pytest.fixture(scope="module")
def competition() -> Competition:
    found = read_competition(Path("competitions/rehearsal/tiny.toml"))
    return replace(found, round=Round(batches=40, batch_size=1))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    build_tiny(folder, hidden=48, layers=1)
    return folder


def say(ours: Path, rival: Path, competition: Competition, *, batches: int = 8) -> Verdict:
    return preflight(
        ours,
        competition,
        rival=Rival(folders=Folders(model=rival), age_blocks=0, name="the rival"),
        scorer=LocalScorer(),
        open_stream=open_stream,
        seed=3,
        batches=batches,
        window=Window(start=0.0, end=0.0),
    )


def test_a_copy_passes_the_gates_wins_nothing_and_lacks_the_champions_advantage(tiny: Path, competition: Competition):
    verdict = say(tiny, tiny, competition)
    assert verdict.passed
    assert verdict.today is not None
    assert verdict.decayed is not None
    assert (verdict.today.won, verdict.today.epsilon) == (0, competition.epsilon.start)
    assert verdict.decayed.epsilon == competition.epsilon.end
    assert set(verdict.today.dethroning.values()) == {0.0}
    assert set(verdict.tasks) <= {task.name for task in competition.tasks}
    for task in verdict.tasks.values():
        assert task.ours == task.rival
        assert task.lacking == pytest.approx(max(competition.epsilon.start, competition.judge.floor / task.ours))


@pytest.mark.parametrize("case", CASES)
def test_a_folder_that_validators_turn_away_is_turned_away_for_the_same_reason(
    case: str, tiny: Path, competition: Competition, tmp_path: Path
):
    make, reason = TABLE[case]
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    make(folder)
    verdict = say(folder, tiny, competition, batches=1)
    assert not verdict.passed
    assert verdict.gates[-1].rejection is not None
    assert verdict.gates[-1].rejection.reason == reason
    assert (verdict.tasks, verdict.today) == ({}, None)


def test_a_rival_that_cannot_be_scored_is_not_held_against_the_folder(
    tiny: Path, competition: Competition, tmp_path: Path
):
    shutil.copytree(tiny, tmp_path / "rival")
    hostile.cut_short(tmp_path / "rival")
    with pytest.raises(ScorerUnavailable, match="the rival in"):
        say(tiny, tmp_path / "rival", competition, batches=1)


def test_a_better_model_dethrones_at_the_end_of_the_first_round(competition: Competition):
    champion = np.linspace(1, 2, 40)
    found = odds(champion, champion * 0.5, competition, 0.05, seed=0)
    assert (found.won, found.error) == (1, 0)
    assert set(found.dethroning.values()) == {1.0}


def test_a_lead_below_epsilon_dethrones_only_once_epsilon_has_decayed(competition: Competition):
    champion = np.linspace(1, 2, 40)
    assert odds(champion, champion * 0.97, competition, 0.05, seed=0).dethroning[20] == 0
    assert odds(champion, champion * 0.97, competition, 0.01, seed=0).dethroning[20] == 1


def test_many_small_wins_do_not_dethrone_with_a_worse_mean(competition: Competition):
    champion, challenger = np.full(40, 1.0), np.full(40, 0.9)
    challenger[::10] = 8
    found = odds(champion, challenger, competition, 0.05, seed=0)
    assert found.won == 0.9
    assert found.error == pytest.approx((0.9 * 0.1 / 40) ** 0.5)
    assert found.dethroning[20] < 0.1


def test_a_small_lead_needs_rounds_and_the_same_seed_gives_the_same_chance(competition: Competition):
    champion, challenger = np.full(40, 1.0), np.full(40, 0.98)
    challenger[:28] = 0.8
    found, again = (odds(champion, challenger, competition, 0.05, seed=1) for _ in range(2))
    assert found == again
    assert found.dethroning[1] < found.dethroning[5] < found.dethroning[20] + 1e-9
    assert found.dethroning[20] > 0.5
