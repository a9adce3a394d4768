"""What the page tells is what the signed reports say, by the rules of the game."""

import copy
import json
from dataclasses import replace

import pytest

from competitions.evidence import evidence
from competitions.schedule import Catalog
from finetune.board.losses import mean_loss
from finetune.board.record import Unreadable, read_report
from finetune.signing import sign
from tests.finetune.board.conftest import MALFORMED, ROUNDS
from tests.finetune.board.made_reports import (
    KNOWN,
    VALIDATORS,
    Miner,
    Play,
    coldkey,
    competition,
    hotkey,
    key,
    resigned,
    view_of,
)


def row(view, name, number=0):
    return next(one for one in view.competitions[number].standings if one.name == name)


def newest(reports, number=1):
    """The newest report of a competition, by the validator with most stake."""
    told = [one for one in reports if one["record"]["competition"]["id"] == number]
    return next(one for one in reversed(told) if one["hotkey"] == hotkey("north"))


def everybody_says(report, reports, **changes):
    """All reports before this one, then this one, changed, by every validator."""
    before = [one for one in reports if one["record"]["sync"] < report["record"]["sync"]]
    return [*before, *(resigned(report, name, **changes) for name in VALIDATORS)]


class TestSeat:
    def test_the_story_says_who_dethroned_whom_with_what(self, view):
        first, second = view.competitions[0].changes
        assert (first.block, first.how, second.block, second.how) == (60, "dethroned", 120, "dethroned")
        found = view.competitions[0]
        assert (found.champion.name, found.since) == ("bo", 120)
        z = evidence(second.duel.wins, second.duel.losses)
        assert found.story == (
            f"At block 120 bo dethroned ada with {second.duel.wins} wins to {second.duel.losses} losses over 60 "
            f"batches: evidence 2^{z:.1f}, beyond the 2^13.3 (1/alpha) that the seat takes."
        )

    def test_a_champion_that_leaves_vacates_its_seat(self, view):
        changes = view.competitions[1].changes
        assert [one.how for one in changes] == ["dethroned", "vacated", "dethroned"]
        assert (
            changes[1].sentence == "the seat of dara fell vacant, as its hotkey left the subnet; the reference got it."
        )

    def test_a_champion_that_commits_again_vacates_its_seat(self):
        play = Play(
            Catalog((competition(),)), [Miner(name="ada", loss=1.5, left=70), Miner(name="ada", loss=1.6, block=75)]
        )
        view = view_of(play, play.reports(5), block=110)
        vacated = view.competitions[0].changes[1]
        assert (vacated.how, vacated.block) == ("vacated", 80)
        assert "as its hotkey committed again" in vacated.sentence
        names = [one.name for one in view.competitions[0].losses.lines]
        assert names == ["ada, block 75", "the reference", "ada, block 1"]

    def test_a_repository_out_of_reach_for_too_long_vacates_the_seat(self, play, reports):
        report = newest(reports, 2)
        reference = {"block": 0, "key": "reference"}
        seats = copy.deepcopy(report["record"]["seats"])
        seats["after"]["2"] = {"champion": reference, "before": [], "unreachable": 0, "differing": 0}
        champion = {**report["record"]["champion"], "after": "reference"}
        changed = everybody_says(report, reports, seats=seats, champion=champion, dethroner=None)
        view = view_of(play, changed, block=615)
        assert "could not be read or scored for too long" in view.competitions[1].story

    def test_the_chains_word_is_told_as_such(self, play, reports):
        report = newest(reports)
        ada = next(one for one in play.miners if one.name == "ada").submission
        seats = copy.deepcopy(report["record"]["seats"])
        seats["before"]["1"]["champion"] = seats["after"]["1"]["champion"] = {"block": ada.block, "key": ada.key}
        champion = {"before": ada.key, "after": ada.key}
        view = view_of(play, everybody_says(report, reports, seats=seats, champion=champion), block=615)
        assert view.competitions[0].changes[-1].how == "adopted"
        assert view.competitions[0].story.endswith("the chain's word: the seat went from bo to ada.")

    def test_a_seat_that_another_gets_on_the_dethroners_evidence_names_both(self):
        """The earlier of two equal models holds the seat, whoever's luck proved it."""
        play = Play(
            Catalog((competition(),)),
            [Miner(name="ada", loss=1.5), *(Miner(name=f"equal {n}", loss=1.5, block=2) for n in range(4))],
        )
        view = view_of(play, play.reports(1), block=35)
        change = view.competitions[0].changes[0]
        record = play.reports(1)[0]["record"]
        assert record["dethroner"] != record["champion"]["after"], "choose another loss: the earliest was the luckiest"
        assert change.sentence.startswith("equal ")
        assert "beat the reference with 60 wins to 0 losses" in change.sentence
        assert "The seat went to ada, which committed earlier, leads the reference 60 to 0" in change.sentence

    def test_without_rounds_the_reference_holds_every_seat(self, play):
        view = view_of(Play(play.catalog, []), [], block=5, incentive_history=[], earned={})
        assert view.headline.startswith("No round has been played yet: the reference holds Word sorting")
        assert [one.champion.name for one in view.competitions] == ["the reference"] * 3
        assert (view.verdict, view.incentive.summary) == ("no reports", "No epoch has ended yet.")


class TestStandings:
    def test_they_stand_in_the_order_of_the_decision_and_not_of_mean_losses(self, view):
        rows = view.competitions[0].standings
        assert [one.name for one in rows] == ["bo", "chen", "ada", "the reference", "fresh", "twin"]
        assert [one.status for one in rows] == ["champion", "challenger", "resting", "reference", "waiting", "out"]
        assert [one.place for one in rows] == [1, None, None, None, None, None]

    def test_a_leading_challenger_stands_before_one_without_a_duel_before_one_behind(self):
        miners = [
            Miner(name="ada", loss=1.5),
            Miner(name="far", loss=1.9, block=22),
            Miner(name="near", loss=1.42, block=23),
            Miner(name="new", loss=1.2, block=24),
        ]
        play = Play(Catalog((competition(challengers=2),)), miners)
        rows = view_of(play, play.reports(2), block=55).competitions[0].standings
        assert [(one.name, one.place) for one in rows[:4]] == [("ada", 1), ("near", 2), ("new", None), ("far", None)]
        assert rows[1].tally.wins > rows[1].tally.losses
        assert rows[2].tally is None

    def test_duels_after_a_change_of_seat_are_recounted_against_the_new_champion(self, play, reports):
        until = [one for one in reports if one["record"]["sync"] <= 120]
        view = view_of(play, until, block=130)
        ada = row(view, "ada")
        assert view.competitions[0].champion.name == "bo"
        assert (ada.tally.wins, ada.tally.batches, ada.status) == (0, 60, "challenger")
        assert ada.strength == -evidence(0, ada.tally.losses)

    def test_a_rest_ends_with_the_champion_it_was_earned_under(self):
        """Poor is stopped by ada in the very round in which bo dethrones ada."""
        poor = Miner(name="poor", loss=2.6, block=45)
        play = Play(
            Catalog((competition(),)), [Miner(name="ada", loss=2.0), poor, Miner(name="bo", loss=1.5, block=46)]
        )
        reports = play.reports(3)
        assert newest(reports)["record"]["losses"][poor.submission.key]["stopped"] == "behind"
        found = row(view_of(play, reports, block=75), "poor")
        assert (found.status, found.tally.wins) == ("challenger", 0)

    def test_whoever_is_out_reads_why_with_names_for_keys(self, view):
        assert row(view, "twin").reason == "The same weights as bo, committed at block 70."
        assert row(view, "fresh").status == "waiting"
        assert "Plays again" in row(view, "ada").reason

    def test_a_challenger_without_a_place_in_the_round_reads_its_place_in_the_queue(self):
        miners = [Miner(name=f"miner {n}", loss=1.0 + n / 10) for n in range(4)]
        play = Play(Catalog((competition(challengers=2),)), miners)
        view = view_of(play, play.reports(1), block=35)
        waiting = [one for one in view.competitions[0].standings if one.tally is None and one.status == "challenger"]
        assert len(waiting) == 2
        assert {one.reason for one in waiting} == {
            "Not scored against today's champion yet: place 3 in the last queue, and a round scores 2.",
            "Not scored against today's champion yet: place 4 in the last queue, and a round scores 2.",
        }

    def test_a_missed_round_is_no_evidence(self, play, reports):
        report = newest(reports)
        chen = next(one for one in play.miners if one.name == "chen").submission.key
        view = view_of(play, [*reports, resigned(report, "north", absent=[chen])], block=615)
        assert row(view, "chen").reason.startswith("Missed round 600: its files could not be had.")

    def test_mean_losses_are_over_the_last_rounds_that_scored_it(self, reports):
        told = [one["record"] for one in reports if one["hotkey"] == hotkey("north")]
        own = [one["losses"]["reference"]["samples"] for one in told if one["competition"]["id"] == 1][-5:]
        assert len(own) == 5
        from finetune.board.rounds import collate

        rounds = [one for one in collate(map(read_report, reports), {hotkey("north"): 1.0}) if one.competition.id == 1]
        assert mean_loss(rounds, "reference") == pytest.approx(sum(map(sum, own)) / 300)


class TestReports:
    def test_what_nobody_signed_is_left_out_with_its_reason(self, play, reports):
        forged = {**reports[-1], "hotkey": hotkey("east")}
        stranger = sign(reports[-1]["record"], key("stranger"))
        miner = sign(reports[-1]["record"], key("ada"))
        early = resigned(reports[-1], "north", sync=10_000)
        other = resigned(reports[-1], "north", format=3)
        view = view_of(play, [forged, stranger, miner, early, other, {}, *reports], block=615)
        assert [one.why for one in view.left_out] == [
            "the signature does not fit",
            "its signer has no validator permit on this subnet",
            "its signer has no validator permit on this subnet",
            "round 10,000 lies beyond block 615",
            "the record has format 3, this program reads formats 1 to 2",
            "the signature does not fit",
        ]
        assert view.left_out[0].claims == f"{hotkey('east')}, round 600"
        assert sum(one.reports for one in view.signers) == len(reports)

    @pytest.mark.parametrize(
        "change",
        [
            {"competition": {}},
            {"losses": {"reference": {"samples": [9.0], "stopped": ""}}},
            {"losses": {"reference": {"samples": [[1.0]], "stopped": ""}}},
            {"losses": {"reference": {"samples": ["x"], "stopped": ""}}},
            {"losses": {"reference": [1.0]}},
            {"seats": {"before": {}, "after": {}}},
            {"champion": {"before": "reference", "after": "somebody"}},
            {
                "duels": {
                    "x": {
                        "wins": -1,
                        "losses": 0,
                        "batches": 0,
                        "champion_mean": 0,
                        "challenger_mean": 0,
                        "evidence": 0,
                    }
                }
            },
            {"epsilon": 10**400},
            {"seconds": {"score": 1e300}},
            {"samples": {"count": -1, "digest": ""}},
            {"control": [1e300]},
            {"rejections": {"x": "y"}},
            {"sync": "600"},
            {"lineage": {"x": {"nearest": "y", "distance": 1e300, "median": 0, "largest": 0, "identical": 0}}},
            {"lineage": {"x": {"nearest": "y"}}},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_a_signed_record_that_breaks_a_rule_is_refused_with_one_sentence(self, reports, change):
        with pytest.raises(Unreadable, match="the record breaks a rule: "):
            read_report(resigned(reports[-1], "north", **change))

    @pytest.mark.parametrize("sync", [-1, 2**32, 10**18])
    def test_a_sync_block_that_no_chain_counts_to_is_refused(self, reports, sync):
        with pytest.raises(Unreadable, match=rf"the record breaks a rule: sync: found {sync}, allowed is 0 to "):
            read_report(resigned(reports[-1], "north", sync=sync))

    def test_the_lineage_stands_under_the_submission_and_older_records_have_none(self, play, reports):
        figures = {"distance": 0.0004, "median": 0.0, "largest": 0.5, "identical": 0.9}
        bo, ada = (next(one.submission.key for one in play.miners if one.name == name) for name in ("bo", "ada"))
        latest = newest(reports, 1)
        told = resigned(latest, "north", lineage={bo: {"nearest": ada, **figures}})
        older = {key: value for key, value in latest["record"].items() if key != "lineage"}
        rest = [one for one in reports if one is not latest]
        shown = {row.name: row.lineage for row in view_of(play, [*rest, told], block=615).competitions[0].standings}
        assert shown["bo"] == "0.04% from the weights of ada, so lower in the queue"
        assert set(shown.values()) == {"", shown["bo"]}
        assert read_report(sign(older, key("north"))).record.lineage == {}

    def test_what_a_newer_validator_adds_is_no_fault(self, reports):
        assert read_report(resigned(reports[-1], "north", novelty=1)).record.sync == 600

    def test_the_order_of_reports_changes_nothing(self, play, reports, view):
        assert view_of(play, reports[::-1], block=615) == view

    def test_reports_read_from_files_say_the_same(self, play, reports, view):
        assert view_of(play, json.loads(json.dumps(reports)), block=615) == view

    def test_the_account_with_most_stake_behind_it_is_told(self, play, reports):
        """North alone has less than east and late together."""
        last = [one for one in reports if one["record"]["sync"] == 600]
        record = last[0]["record"]
        seats = copy.deepcopy(record["seats"])
        reference = {"block": 0, "key": "reference"}
        seats["after"]["1"]["champion"] = reference
        changes = {"seats": seats, "champion": {**record["champion"], "after": "reference"}}
        one = view_of(play, [*reports, resigned(last[0], "north", **changes)], block=615)
        two = view_of(play, [*reports, *(resigned(last[0], name, **changes) for name in ("north", "late"))], block=615)
        assert (one.competitions[0].champion.name, one.verdict) == ("bo", "disagree")
        assert (two.competitions[0].champion.name, two.verdict) == ("the reference", "disagree")

    def test_a_round_counts_once_half_of_the_stake_has_reported_it(self, play, reports):
        late = [one for one in reports if one["record"]["sync"] < 600 or one["hotkey"] == hotkey("late")]
        assert view_of(play, late, block=615).competitions[0].rounds[0].sync == 540
        east = [*late, *(one for one in reports if one["hotkey"] == hotkey("east"))]
        assert view_of(play, east, block=615).competitions[0].rounds[0].sync == 600


class TestTrust:
    def test_agreement_names_who_says_what_else(self, play, reports):
        last = next(one for one in reversed(reports) if one["hotkey"] == hotkey("east"))
        samples = {**last["record"]["samples"], "digest": "00" * 32}
        changed = resigned(last, "east", seed="11" * 32, samples=samples, catalog="22" * 32, weights={})
        others = [one for one in reports if one["record"]["sync"] < 600 or one["hotkey"] == hotkey("north")]
        told = view_of(play, [*others, changed], block=615).competitions[0].agreement
        assert [(one.validator, one.agrees) for one in told.opinions] == [
            ("north", True),
            ("east", False),
            ("late", False),
        ]
        assert told.opinions[1].says == "another catalog, another seed, other samples and other weights"
        assert told.summary == "1 of 2 validators that reported round 600 agrees; 1 validator has not reported it."

    def test_losses_beyond_the_tolerance_are_a_disagreement(self, play, reports):
        last = next(one for one in reversed(reports) if one["hotkey"] == hotkey("east"))
        losses = copy.deepcopy(last["record"]["losses"])
        losses["reference"]["samples"] = [one + 0.03 for one in losses["reference"]["samples"]]
        told = view_of(play, [*reports, resigned(last, "east", losses=losses)], block=615).competitions[0].agreement
        assert told.opinions[1].says == "losses off by 0.0300"

    def test_duels_are_counted_again_from_the_raw_losses(self, play, reports, view):
        assert view.competitions[0].recount.duels == 2
        assert view.competitions[0].recount.differing == 0
        half = [one for one in reports if one["record"]["sync"] > 300]
        assert view_of(play, half, block=615).competitions[0].recount.differing > 0

    def test_control_figures_stand_beside_the_known_ones(self, view):
        control = view.competitions[0].control
        assert control.known == KNOWN
        assert [one.largest for one in control.rows] == [0.0] * 3

    def test_samples_saved_are_those_that_stopped_challengers_were_not_scored_on(self, view, reports):
        told = [one["record"] for one in reports if one["hotkey"] == hotkey("north")]
        own = [one for one in told if one["competition"]["id"] == 1]
        runs = [found for one in own for found in one["losses"].values()]
        assert view.competitions[0].scored == sum(len(one["samples"]) for one in runs)
        assert view.competitions[0].saved == sum(60 - len(one["samples"]) for one in runs if one["stopped"])
        assert view.competitions[0].saved > 0


class TestChain:
    def test_earnings_are_by_coldkey_most_first_with_what_each_does(self, view):
        assert [(one.name, one.roles, one.amount) for one in view.earnings.rows] == [
            ("delegator", "delegator", 40.0),
            ("late", "validator", 30.0),
            ("east", "validator", 20.0),
            ("north", "validator", 10.0),
        ]

    def test_weights_are_shares_by_validator(self, play, reports):
        given = {hotkey("north"): {hotkey("bo"): 3.0, hotkey("owner"): 1.0}}
        view = view_of(play, reports, block=615, weights=given)
        north, east, late = view.weights.rows
        assert [one.name for one in view.weights.columns] == ["bo", "eli", "owner"]
        assert north.weights == (0.75, 0.0, 0.25)
        assert east.weights == late.weights == (0.0, 0.0, 0.0)
        assert sum(one.stake_share for one in view.weights.rows) == pytest.approx(1)

    def test_a_permit_alone_makes_no_validator(self, play, reports):
        metagraph = play.metagraph(615)
        permitted = tuple(replace(one, validator_permit=True) for one in metagraph.neurons)
        view = view_of(play, reports, block=615, metagraph=replace(metagraph, neurons=permitted))
        assert [one.name for one in view.weights.rows] == ["north", "east", "late"]

    def test_every_epoch_of_the_incentive_sums_to_one(self, view):
        assert len(view.incentive.epochs) == ROUNDS + 1
        assert all(sum(parts) in (pytest.approx(1), 0) for _, parts in view.incentive.epochs)

    def test_hotkeys_come_by_what_they_earned_over_all_epochs(self, play, reports):
        history = [(20, {hotkey("ada"): 0.9, hotkey("bo"): 0.1}), (40, {hotkey("ada"): 0.3, hotkey("bo"): 0.7})]
        assert view_of(play, reports, block=615, incentive_history=history).incentive.names == ("ada", "bo")

    def test_a_crowd_shares_one_column(self, play, reports):
        history = [(20, {f"hotkey {n:02}": 1.0 + (n < 7) for n in range(20)})]
        incentive = view_of(play, reports, block=615, incentive_history=history).incentive
        assert incentive.names[-1] == "13 others"
        assert incentive.epochs[0][1][-1] == pytest.approx(13 / 27)


def test_rejections_are_told_once_each_with_reason_and_fault(view):
    assert [(one.name, one.reason, one.fault, one.retry, one.competition) for one in view.rejections] == [
        (f"{MALFORMED[:6]}…{hotkey('mal')[-4:]}", "malformed commitment", "miner", False, ""),
        ("twin", "same weights", "miner", False, "1"),
        ("fresh", "too recent", "miner", True, "1"),
    ]


def test_a_competition_that_has_ended_is_not_shown(play, reports):
    ended = replace(competition(1, reward=1.0), last_block=100)
    after = replace(competition(2, title="After", reward=1.0), first_block=101)
    view = view_of(play, reports, block=615, catalog=Catalog((ended, after)))
    assert [one.competition.title for one in view.competitions] == ["After"]
    assert coldkey("delegator") in {one.coldkey for one in view.earnings.rows}
