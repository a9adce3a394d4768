"""What the board tells of each entrant: losses per task, duels, rounds, reigns, sentences; and what is hearsay."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from competitions.batches import plan
from competitions.competition import Task
from competitions.dethroning import dethrones
from competitions.schedule import Catalog
from competitions.season import Entrant
from finetune.board.explanation import explain
from finetune.board.hearsay import told_metagraph, told_weights
from finetune.board.record import read_report
from finetune.board.reigns import Reign
from finetune.board.rounds import collate, season_of
from tests.finetune.board.made_reports import Miner, Play, competition, hotkey, resigned, view_of


def row(view, name, number=0):
    return next(one for one in view.competitions[number].standings if one.name == name)


def entrant(view, name, number=0):
    return next(one for one in view.competitions[number].entrants if one.standing.name == name)


@pytest.fixture(scope="module")
def two_tasks():
    """Seven rounds of a competition of two tasks, told by one validator: the play and its reports."""
    tasks = (
        Task(name="A", method="reference", stream="word_sorting", weight=0.7),
        Task(name="B", method="reference", stream="dyck_language", weight=0.3),
    )
    rules = replace(competition(), tasks=tasks)
    play = Play(Catalog((rules,)), [Miner(name="ada", loss=1.5)], validators={"north": 1.0})
    return play, play.reports(7)


class TestTasks:
    def test_a_loss_per_task_is_the_mean_of_its_samples_over_the_last_five_rounds(self, two_tasks):
        play, reports = two_tasks
        found = view_of(play, reports, block=150).competitions[0]
        key = found.champion.key
        names = np.array([task.name for task in plan(found.competition)])
        losses = [np.array(one["record"]["losses"][key]["samples"]) for one in reports[-5:]]
        for task in ("A", "B"):
            own = np.concatenate([one[names == task] for one in losses])
            assert found.tasks[key][task] == pytest.approx(own.mean())
        assert sum(found.tasks[key][task.name] * task.weight for task in found.competition.tasks) == pytest.approx(
            found.champion.mean
        )

    def test_who_was_stopped_early_has_the_tasks_of_the_samples_it_has(self, two_tasks):
        play, reports = two_tasks
        losses = copy.deepcopy(reports[-1]["record"]["losses"])
        key = next(one for one in losses if one != "reference")
        losses[key] = {"samples": [1.0], "stopped": "behind"}
        last = resigned(reports[-1], "north", losses=losses)
        assert view_of(play, [last], block=150).competitions[0].tasks[key] == {"A": 1.0}


class TestMatrix:
    def test_a_cell_is_the_duel_of_the_row_with_the_column_as_champion(self, view, reports):
        found = view.competitions[0].duels
        rounds = [one for one in collate(map(read_report, reports), {}) if one.competition.id == 1]
        blocks = {one.key: one.block for one in view.competitions[0].standings}
        for challenger, cells in zip(found.keys, found.cells, strict=True):
            for champion, cell in zip(found.keys, cells, strict=True):
                if challenger == champion:
                    assert cell is None
                    continue
                one, other = (Entrant(block=blocks[key], key=key) for key in (challenger, champion))
                tally = season_of(rounds).duel(other, one, rounds[-1].competition, found.sync)
                assert (cell.tally if cell else None) == (tally if tally.batches else None)
                assert cell is None or cell.takes_seat == dethrones(tally, rounds[-1].competition)

    def test_the_champions_column_is_what_the_standings_show(self, view):
        found = view.competitions[0].duels
        for key, cells in zip(found.keys[1:], found.cells[1:], strict=True):
            standing = next(one for one in view.competitions[0].standings if one.key == key)
            assert standing.tally is None or cells[0].tally == standing.tally

    def test_a_lead_of_a_few_batches_does_not_take_a_seat(self, view):
        found = view.competitions[0].duels
        cell = found.cells[found.names.index("chen")][found.names.index("ada")]
        assert cell.tally.wins > cell.tally.losses
        assert not cell.takes_seat


class TestPages:
    def test_rounds_come_newest_first_with_what_was_to_beat(self, view, reports):
        played = entrant(view, "chen").rounds
        assert [one.sync for one in played] == sorted((one.sync for one in played), reverse=True)
        record = next(one["record"] for one in reports if one["record"]["sync"] == played[0].sync)
        own = record["losses"][entrant(view, "chen").standing.key]
        assert played[0].mean == pytest.approx(np.mean(own["samples"]))
        assert (played[0].batches, played[0].stopped) == (len(own["samples"]), own["stopped"])
        assert played[0].hurdle.champion == record["champion"]["before"]
        assert played[0].hurdle.counted < played[0].hurdle.mean

    def test_reigns_are_told_on_the_page_of_who_held_the_seat(self, view):
        assert [(one.since, one.until) for one in entrant(view, "ada").reigns] == [(60, 120)]
        assert "It held the seat from block 60 to 120." in entrant(view, "ada").sentences
        assert entrant(view, "chen").reigns == ()

    def test_sentences_say_on_which_tasks_a_model_is_better_and_on_which_worse(self, view):
        one, champion = row(view, "chen"), row(view, "bo")
        rules = view.competitions[0].competition
        own, best = {"A": 1.0, "B": 2.0}, {"A": 1.5, "B": 1.5}
        told = explain(rules, one, champion, played=3, tasks=own, champion_tasks=best, reigns=())
        assert told[1] == one.reason
        assert told[-1] == "Its mean loss is lower on A and higher on B than the champion's."
        reign = Reign(key=one.key, name=one.name, since=20, until=1_060, how="dethroned")
        told = explain(rules, one, one, played=0, tasks={}, champion_tasks={}, reigns=[reign])
        assert told[2:] == ("It has not been scored yet.", "It held the seat from block 20 to 1,060.")

    def test_means_over_the_first_batches_of_a_round_are_compared_with_no_whole_round(self, two_tasks):
        play, reports = two_tasks
        for stopped, told in (("", True), ("behind", False)):
            record = reports[-1]["record"]
            losses = copy.deepcopy(record["losses"])
            losses["reference"]["stopped"] = stopped
            view = view_of(play, [resigned(reports[-1], "north", losses=losses)], block=150)
            sentences = entrant(view, "the reference").sentences
            assert any(one.startswith("Its mean loss is higher on") for one in sentences) is told


class TestHearsay:
    def test_without_a_chain_everybody_who_signed_counts_and_uids_are_those_reported(self, reports):
        accounts = [read_report(one) for one in reports]
        metagraph = told_metagraph(accounts)
        assert {one.hotkey for one in metagraph.neurons if one.validator_permit} == {one.validator for one in accounts}
        assert metagraph.by_hotkey[hotkey("bo")].uid == reports[-1]["record"]["uids"][hotkey("bo")]
        assert metagraph.block == 600
        assert metagraph.owner_hotkey == hotkey("owner")

    def test_a_signer_that_no_report_knows_gets_a_uid_of_its_own(self, reports):
        stranger = read_report(resigned(reports[-1], "stranger"))
        metagraph = told_metagraph([read_report(reports[-1]), stranger])
        assert len({one.uid for one in metagraph.neurons}) == len(metagraph.neurons)
        assert hotkey("stranger") in metagraph.by_hotkey

    def test_weights_are_the_newest_that_each_validator_tells(self, reports):
        accounts = [read_report(one) for one in reports]
        weights = told_weights([accounts[-1], *accounts[:-1]])
        assert weights[accounts[-1].validator] == accounts[-1].record.weights
        assert set(weights) == {one.validator for one in accounts}

    def test_rounds_told_otherwise_are_counted(self, play, reports):
        last = [one for one in reports if one["record"]["sync"] == 600]
        seats = copy.deepcopy(last[0]["record"]["seats"])
        seats["after"]["1"]["champion"] = {"block": 0, "key": "reference"}
        changes = {"seats": seats, "champion": {**last[0]["record"]["champion"], "after": "reference"}}
        view = view_of(play, [*reports, resigned(last[0], "east", **changes)], block=615)
        assert {one.name: (one.alike, one.told) for one in view.signers} == {
            "north": (30, 30),
            "east": (29, 30),
            "late": (27, 27),
        }
