"""What the tests of the board share: one play of three competitions, told by three validators."""

import pytest

from competitions.rejection import Rejection
from competitions.schedule import Catalog
from finetune.board.site import render
from tests.finetune.board.made_reports import Miner, Play, competition, hotkey, view_of
from tests.finetune.board.page_reader import read

ROUNDS = 30
MALFORMED = f"{hotkey('mal')}@55"


@pytest.fixture(scope="session")
def play():
    """Ada takes competition 1, bo dethrones her; dara leaves competition 2 as champion; nobody enters competition 3."""
    copied = Miner(name="bo", loss=1.5, block=70)
    twin = Rejection(reason="same_weights", text=f"the same weights as {copied.submission.key}, committed at block 70")
    miners = [
        Miner(name="ada", loss=2.0),
        copied,
        Miner(name="chen", loss=1.52, block=200),
        Miner(name="twin", loss=1.5, block=90, rejection=twin),
        Miner(name="fresh", loss=1.4, block=595),
        Miner(name="dara", loss=1.8, competition=2, left=330),
        Miner(name="eli", loss=2.1, block=2, competition=2),
    ]
    competitions = (
        competition(1, title="Word sorting", reward=0.5),
        competition(2, title="English text", reward=0.3),
        competition(3, title="Instructions", reward=0.2),
    )
    malformed = {MALFORMED: Rejection(reason="malformed_commitment", text="a commitment has five tokens")}
    return Play(Catalog(competitions), miners, malformed=malformed)


@pytest.fixture(scope="session")
def reports(play):
    return play.reports(ROUNDS)


@pytest.fixture(scope="session")
def view(play, reports):
    return view_of(play, reports, block=615)


@pytest.fixture(scope="session")
def site(view):
    """The pages of the site by file, read back."""
    return {name: read(text.decode()) for name, text in render(view).items() if name.endswith(".html")}
