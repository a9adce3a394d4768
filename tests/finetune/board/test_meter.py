"""The leakage meter as the board tells it."""

from dataclasses import replace

import numpy as np
import pytest

from competitions.schedule import Catalog
from finetune.board.explanation import meter_words
from finetune.board.meter import read_meter
from finetune.board.record import read_report
from finetune.board.rounds import collate
from finetune.board.site import render
from finetune.validating.past import Past, past_tasks
from tests.finetune.board.made_reports import Miner, Play, competition, view_of


@pytest.fixture(scope="module")
def play():
    miners = [Miner(name="ada", loss=1.5, block=25), Miner(name="bo", loss=2.0, block=26)]
    return Play(Catalog((competition(),)), miners, validators={"north": 1.0})


@pytest.fixture(scope="module")
def accounts(play):
    """Three rounds; ada knows the samples of round 20 by heart, bo does not."""
    told = []
    for report in play.reports(3):
        account = read_report(report)
        past = {}
        for miner, factor in zip(play.miners, (0.2, 1.0), strict=True):
            key = miner.submission.key
            if key in account.losses:
                samples = np.random.default_rng(3).permutation(account.losses[key].samples)[: _count(account)]
                past[key] = Past(sync=20, samples=tuple((factor * samples).tolist()))
        told.append(replace(account, record=replace(account.record, past=past)))
    return told


def _count(account) -> int:
    return len(past_tasks(account.record.competition))


def test_who_knows_past_samples_by_heart_is_said_to_remember_them_and_who_does_not_is_within_luck(play, accounts):
    found = read_meter(collate(accounts, {}))
    ada, bo = (found[one.submission.key] for one in play.miners)
    assert (ada.sync, ada.past_sync, ada.remembers, bo.remembers) == (60, 20, True, False)
    assert ada.past == pytest.approx(0.2 * ada.fresh, rel=0.05)
    assert "it remembers past samples" in meter_words(ada)
    assert meter_words(bo).endswith("within luck.")
    assert abs(bo.excess) < 4 < ada.excess


def test_the_page_shows_the_meter_in_words_and_figures_and_the_standings_a_mark(play, accounts):
    files = render(view_of(play, [], block=61, readings=accounts))
    pages = {name: text.decode() for name, text in files.items() if name.endswith(".html")}
    ada, bo = (next(name for name in pages if one.submission.hotkey in name) for one in play.miners)
    assert "Leakage meter" in pages[ada]
    assert "it remembers past samples" in pages[ada]
    assert "within luck" in pages[bo]
    assert pages["competition-1.html"].count("remembers past samples") == 1
    assert "Leakage meter" not in pages["reference-1.html"]


def test_without_past_samples_there_is_no_reading(accounts):
    bare = [replace(one, record=replace(one.record, past={})) for one in accounts]
    assert read_meter(collate(bare, {})) == {}
