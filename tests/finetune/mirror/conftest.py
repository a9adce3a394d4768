"""What the tests of the mirror share: the signed reports of one validator, and a wandb to write to."""

import json
from dataclasses import replace

import pytest

from competitions.competition import Task
from competitions.rejection import Rejection
from competitions.schedule import Catalog
from tests.finetune.board.made_reports import Miner, Play, competition
from tests.finetune.mirror.wandb_server import WandbServer

ROUNDS = 8


@pytest.fixture(scope="session")
def play():
    """Ada takes the seat, bo dethrones her; twin is rejected. Two tasks, of which the second has a third of samples."""
    tasks = (
        Task(name="WORD_SORTING", method="reference", stream="word_sorting", weight=2 / 3),
        Task(name="BRACKETS", method="reference", stream="dyck_language", weight=1 / 3),
    )
    copied = Rejection(reason="same_weights", text="the same weights as another")
    miners = [
        Miner(name="ada", loss=2.0),
        Miner(name="bo", loss=1.5, block=70),
        Miner(name="twin", loss=1.5, block=65, rejection=copied),
    ]
    return Play(Catalog((replace(competition(), tasks=tasks),)), miners, validators={"north": 5_000.0})


@pytest.fixture(scope="session")
def reports(play):
    return [json.loads(json.dumps(one)) for one in play.reports(ROUNDS)]


@pytest.fixture(scope="session")
def uids(play):
    """By name."""
    names = ("owner", "north", "ada", "bo", "twin")
    return {name: str(uid) for uid, name in enumerate(names)}


@pytest.fixture
def server():
    with WandbServer() as server:
        yield server
