"""Verification: honest reports pass every check, and a changed figure fails one of them."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from finetune.auditing.arithmetic import arithmetic
from finetune.auditing.rescore import Means
from finetune.auditing.verify import Beside, check_signature, read_file, verdict, verify
from finetune.chain.local import LocalChain
from finetune.errors import SetupError
from finetune.hub.cache import ModelCache
from finetune.replay.reports import read_reports
from finetune.signing import sign
from finetune.streams.registry import open_stream
from finetune.validating.digests import digest_over
from tests.finetune.auditing.tampering import Path, changed, leaves, other
from tests.finetune.validating.subnet import TensorScorer, key

ALONE = Beside(open_stream=open_stream)
ROUND = "000000080-1.json"


def faults(checks):
    """By check: what it found wrong."""
    return {one.name: one.faults for one in checks if one.faults}


def forged(report: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The report with a change in its record, signed again."""
    record = json.loads(json.dumps(report["record"]))
    change(record)
    return sign(record, key("north"))


@pytest.fixture(scope="session")
def report(three):
    """A round in which one challenger is stopped and another rests."""
    return read_file(three / "north" / ROUND)


def test_every_check_of_an_honest_report_passes(folders):
    seen = 0
    for folder in folders:
        beside = Beside(open_stream=open_stream, season=read_reports(folder))
        for path in sorted(folder.glob("*.json")):
            checks = verify(read_file(path), beside)
            assert faults(checks) == {}, path
            seen += 1
    assert seen == 27
    assert verdict(checks) == f"PASSED: {len(checks) - 3} checks; 3 not checked"


def test_a_thousand_random_changes_of_single_values_are_all_detected(report):
    random, places = np.random.default_rng(0), list(leaves(report))
    for number in random.integers(len(places), size=1000):
        forgery = changed(report, places[number], random)
        assert forgery != report
        assert faults(verify(forgery, ALONE)), places[number]


@pytest.mark.parametrize(
    "change",
    [
        lambda report: {**report, "signature": report["signature"].upper()},
        lambda report: {**report, "signature": report["signature"] + " "},
        lambda report: {**report, "note": "hello"},
        lambda report: {**report, "record": {**report["record"], "note": "hello"}},
        lambda report: {"record": report["record"]},
        lambda report: sign({**report["record"], "note": "hello"}, key("north")),
        lambda report: sign({**report["record"], "format": 1}, key("north")),
        lambda report: sign({name: one for name, one in report["record"].items() if name != "saved"}, key("north")),
    ],
)
def test_nothing_can_be_added_left_out_or_spelled_otherwise(report, change):
    (signed,) = verify(change(report), ALONE)
    assert signed.outcome == "failed"


# What seats and weights follow from, and what is told of them. Of losses, those of batches that somebody has met.
DECISIVE = (
    *(("sync",), ("catalog",), ("competition",), ("competitions",), ("epsilon",), ("champion",), ("dethroner",)),
    *(("duels",), ("heirs",), ("seats",), ("weights",), ("queue",), ("resting",), ("moves",), ("gates",), ("saved",)),
    *(("earlier", "duels"), ("earlier", "stops"), ("samples", "count"), ("samples", "digest"), ("samples", "digests")),
)


def decisive(record: dict[str, Any]) -> list[Path]:
    """Every single value that a decision of the round stands on."""
    found = [path for path in leaves(record) if any(path[: len(one)] == one for one in DECISIVE)]
    fought = {one: len(losses["samples"]) for one, losses in record["losses"].items() if one in record["duels"]}
    met = {**fought, record["champion"]["before"]: max(fought.values(), default=0)}
    found += [("losses", one, "samples", number) for one, count in met.items() for number in range(count)]
    return found + [("losses", one, "stopped") for one in record["losses"]]


def test_whoever_changes_what_a_decision_stands_on_and_signs_again_is_found_by_arithmetic(folders):
    """All of them, one by one, but of the many losses, digests and rules every eighth."""
    caught = tried = 0
    for path in (folders[0] / ROUND, folders[3] / "000000040-1.json", folders[4] / ROUND):
        record, random = read_file(path)["record"], np.random.default_rng(1)
        places = decisive(record)
        many = [one for one in places if {*one} & {"losses", "competition", "competitions", "digests"}]
        left = set(many) - {many[number] for number in random.permutation(len(many))[::8]}
        for place in places:
            if place in left:
                continue
            tried += 1
            signed, account = check_signature(sign(changed(record, place, random), key("north")))
            found = signed.faults if account is None else tuple(faults(arithmetic(account)))
            assert found, place
            caught += 1
    assert caught == tried
    assert tried > 250


def test_samples_that_the_seed_does_not_give_are_found_and_named(report):
    def change(record):
        record["samples"]["digests"][7] = "ab" * 8
        record["samples"]["digest"] = digest_over(record["samples"]["digests"])

    found = faults(verify(forged(report, change), ALONE))
    (sentence,) = found["the samples drawn again from the seed are those of the report"]
    assert sentence == "samples: 1 of 120 differ, the first is sample 7 of task WORDS"
    wrong_seed = faults(verify(forged(report, lambda record: record.update(seed="ab" * 32)), ALONE))
    assert list(wrong_seed) == ["the samples drawn again from the seed are those of the report"]


@pytest.mark.parametrize("name", ["seed", "time", "tempo", "owner", "consensus", "uids", "submissions"])
def test_what_stands_on_chain_is_asked_of_the_chain(report, three, name):
    with LocalChain(three / "subnet" / "chain.sqlite") as chain:
        beside = Beside(open_stream=open_stream, chain=chain)
        assert faults(verify(report, beside)) == {}
        random = np.random.default_rng(0)

        def change(record):
            value = record[name]
            if name == "submissions":
                value[0]["payload"]["repository"] = "miner/another"
            elif isinstance(value, dict):
                value[next(iter(value))] = other(next(iter(value.values())), random)
            else:
                record[name] = other(value, random)

        found = faults(verify(forged(report, change), beside))
    place = "the seed is the hash" if name == "seed" else "commitments, uids and consensus"
    assert [one for one in found if one.startswith(place)]


def test_a_past_that_was_made_up_to_fit_is_found_by_the_reports_of_that_past(report, three):
    """Ten wins more in earlier rounds, and the evidence that goes with them."""
    from competitions.evidence import evidence

    def change(record):
        challenger = next(one for one, duel in record["duels"].items() if duel["wins"])
        for duel in (record["earlier"]["duels"][challenger], record["duels"][challenger]):
            duel["wins"] += 10
            duel["losses"] -= 10
        duel["evidence"] = evidence(duel["wins"], duel["losses"])

    forgery = forged(read_file(three / "north" / ROUND), change)
    season = Beside(open_stream=open_stream, season=read_reports(three / "north"))
    found = faults(verify(forgery, season))
    assert any("the validator's reports since the season began" in one for one in found)


def test_a_report_of_the_first_format_is_refused_in_a_sentence(report):
    (signed,) = verify(forged(report, lambda record: record.update(format=1)), ALONE)
    assert signed.faults == ("the record has format 1; what can be checked has format 2",)


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1, "a": 2}', '{"a": NaN}', "{" * 10_000])
def test_a_file_that_is_no_json_object_is_refused(tmp_path, text):
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(SetupError, match="is no report"):
        read_file(tmp_path / "report.json")
    with pytest.raises(SetupError, match="cannot be read"):
        read_file(tmp_path / "nowhere.json")


@pytest.fixture
def means(warehouse, tmp_path):
    """A machine that finds the losses that were reported, as the validators' own scorers did."""
    from tests.finetune.replay.played import luck

    cache = ModelCache(tmp_path / "cache", 10**8)
    scorer = TensorScorer(hook=luck)
    yield Means(hub=warehouse.hub(), cache=cache, scorer=scorer, open_stream=open_stream, say=lambda _: None)
    cache.close()


def recomputing(means: Means, count: int = 10_000) -> Beside:
    return Beside(open_stream=open_stream, recompute=count, seed=3, means=means)


def test_losses_scored_again_are_those_of_the_report(report, means):
    checks = verify(report, recomputing(means, 25))
    assert faults(checks) == {}
    again = [int(one.name.split()[0]) for one in checks if "scored again" in one.name]
    assert sum(again) == 25


def test_a_loss_that_was_made_up_without_a_trace_in_the_arithmetic_is_found_by_scoring_again(report, means):
    """The reference's: no duel is fought with it."""

    def change(record):
        record["losses"]["reference"]["samples"][5] -= 0.05

    forgery = forged(report, change)
    assert faults(verify(forgery, ALONE)) == {}
    ((name, (sentence,)),) = faults(verify(forgery, recomputing(means))).items()
    assert name.endswith("losses of reference, scored again")
    assert sentence.startswith("losses.reference: sample 5 has ")
    assert sentence.endswith("the competition allows a difference of 0.02")


def test_a_machine_that_does_not_find_the_control_losses_judges_nobody(report, means):
    means.scorer.hook = lambda quality, number, loss: loss + 0.1
    checks = verify(report, recomputing(means))
    assert faults(checks) == {}
    assert checks[-1].outcome == "not checked"
    assert "the reference scores" in checks[-1].skipped


def test_a_model_that_is_gone_is_not_checked_and_files_that_are_others_fail(report, means, warehouse):
    def gone(record):
        for one in record["submissions"]:
            one["payload"]["repository"] = "miner/gone"

    checks = verify(forged(report, gone), recomputing(means))
    assert {one.outcome for one in checks if "scored again" in one.name} == {"passed", "not checked"}

    def others(record):
        for one in record["submissions"]:
            another = warehouse.model(1.77)
            one["payload"] |= {"repository": another.repository, "revision": another.revision}

    found = faults(verify(forged(report, others), recomputing(means)))
    assert any("hash to" in sentence for one in found.values() for sentence in one)


def test_no_time_or_order_of_keys_in_the_file_matters(report, tmp_path):
    """What wandb or a hub hands out may be laid out otherwise."""
    (tmp_path / "report.json").write_text(json.dumps(dict(reversed(report.items())), indent=3))
    assert faults(verify(read_file(tmp_path / "report.json"), ALONE)) == {}
