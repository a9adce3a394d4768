"""Figures: a round's report as the row that wandb gets, under the names that the public subnet uses."""

import json
from dataclasses import replace

import numpy as np
import pytest

from finetune.board.record import read_report
from finetune.mirror import figures
from finetune.mirror.figures import row_of
from finetune.signing import signed_by
from tests.finetune.board.made_reports import hotkey

WRITTEN = 1_790_000_000.5


def row(report, **changes):
    account = read_report(report)
    return row_of(report, replace(account, record=replace(account.record, **changes)), WRITTEN)


@pytest.fixture(scope="module")
def dethroned(reports):
    """The report of the round in which bo takes the seat from ada."""
    return next(one for one in reports if one["record"]["dethroner"] and "@70" in one["record"]["dethroner"])


def test_names_are_those_of_the_public_subnet_where_the_meaning_is_the_same(dethroned):
    public = {"time", "block", "step_competition_id", "uid_data", "uid_epsilon_adv", "win_rate_data", "win_total_data"}
    public |= {"weight_data", "competition_weight_data", "competition_id", "original_format_json"}
    public |= {"WORD_SORTING.raw_score", "BRACKETS.raw_score"}
    own = {"sample_data", "seat_data", "duel_data", "rejection_data", "champion_before", "champion_after", "dethroner"}
    own |= {"catalog", "seconds", "_timestamp"}
    assert set(row(dethroned)) - {"stopped_data"} == public | own


def test_figures_by_entrant_are_by_uid(dethroned, uids):
    found, record = row(dethroned), dethroned["record"]
    losses = {key.partition("@")[0]: np.mean(one["samples"]) for key, one in record["losses"].items()}
    assert found["uid_data"] == pytest.approx(
        {"reference": losses["reference"], uids["ada"]: losses[hotkey("ada")], uids["bo"]: losses[hotkey("bo")]}
    )
    assert (found["champion_before"], found["champion_after"], found["dethroner"]) == (
        uids["ada"],
        uids["bo"],
        uids["bo"],
    )
    assert found["seat_data"] == {"1": uids["bo"]}
    assert found["weight_data"] == found["competition_weight_data"] == {uids["bo"]: 1.0}
    assert found["rejection_data"] == {uids["twin"]: "same_weights"}
    assert found["uid_epsilon_adv"] == {"reference": 0.0, uids["ada"]: record["epsilon"], uids["bo"]: 0.0}
    assert (found["block"], found["time"], found["_timestamp"]) == (record["sync"], WRITTEN, WRITTEN)


def test_a_tasks_score_is_the_mean_over_its_own_samples(dethroned):
    account = read_report(dethroned)
    whole = replace(account.record.competition.round, batches=3, batch_size=2)
    competition = replace(account.record.competition, round=whole)
    samples = np.array([1.0, 2.0, 10.0, 20.0, 3.0, 4.0])  # batches of WORD_SORTING, BRACKETS, WORD_SORTING
    losses = {"reference": replace(account.losses["reference"], samples=samples)}
    changed = replace(account, record=replace(account.record, competition=competition), losses=losses)
    found = row_of(dethroned, changed, WRITTEN)
    assert found["WORD_SORTING.raw_score"] == {"reference": 2.5}
    assert found["BRACKETS.raw_score"] == {"reference": 15.0}
    assert found["sample_data"] == {"reference": 6}


def test_a_challengers_wins_are_its_duels_and_the_champions_those_of_all_duels(dethroned, uids):
    found, (duel,) = row(dethroned), dethroned["record"]["duels"].values()
    assert found["win_total_data"] == {uids["bo"]: duel["wins"], uids["ada"]: duel["losses"]}
    rate = {uids["bo"]: duel["wins"] / duel["batches"], uids["ada"]: duel["losses"] / duel["batches"]}
    assert found["win_rate_data"] == rate
    assert found["duel_data"] == {uids["bo"]: duel}


def test_a_duel_of_earlier_rounds_stands_although_its_challenger_was_not_scored(reports, uids):
    found, record = row(reports[-1]), reports[-1]["record"]
    assert uids["ada"] not in found["uid_data"]
    assert found["duel_data"] == {uids["ada"]: record["duels"][f"{hotkey('ada')}@1"]}
    assert found["win_total_data"] == {uids["bo"]: found["duel_data"][uids["ada"]]["losses"]}


def test_the_whole_signed_report_lies_in_the_text_beside_what_the_public_tools_read(dethroned, uids):
    text = json.loads(row(dethroned)["original_format_json"])
    assert {key: text[key] for key in dethroned} == dethroned
    assert signed_by(text) == hotkey("north")
    assert text["uids"] == [int(uids["ada"]), int(uids["bo"])] or text["uids"] == [int(uids["bo"]), int(uids["ada"])]
    assert (text["timestamp"], text["competition_id"]) == (WRITTEN, 1)
    bo = text["uid_data"][uids["bo"]]
    assert (bo["uid"], bo["block"], bo["hf"], bo["weight"]) == (int(uids["bo"]), 70, "bo/model", 1.0)
    assert {"average_loss", "win_rate", "win_total", "epsilon_adv", "BRACKETS.raw_score"} <= set(bo)


def test_an_entrant_without_a_uid_stands_under_its_key(dethroned):
    assert f"{hotkey('ada')}@1" in row(dethroned, uids={})["uid_data"]


def test_every_figure_is_a_number_or_a_text(reports):
    for report in reports:
        json.dumps(row(report), allow_nan=False)


def test_a_report_too_large_for_wandb_leaves_only_its_figures(dethroned, monkeypatch):
    monkeypatch.setattr(figures, "MOST_RECORD_BYTES", 100)
    found = row(dethroned)
    assert "original_format_json" not in found
    assert found["uid_data"]
