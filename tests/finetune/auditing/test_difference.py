"""Differences: two reports of one round, and the first cause of what they differ in."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from competitions.rejection import Rejection
from finetune.auditing.difference import compare
from finetune.board.record import read_report
from finetune.errors import SetupError
from finetune.signing import sign
from finetune.validating.digests import digest_over
from tests.finetune.validating.subnet import address, key

ROUND = "000000080-1.json"
Record = dict[str, Any]


@pytest.fixture(scope="module")
def record(three) -> Record:
    """A round that north has played: ada and cleo met bob, the champion."""
    return json.loads((three / "north" / ROUND).read_text())["record"]


def account(record: Record, *changes: Callable[[Record], object], name: str = "north"):
    copied = json.loads(json.dumps(record))
    for change in changes:
        change(copied)
    return read_report(json.loads(json.dumps(sign(copied, key(name)))))


def causes(record: Record, *changes: Callable[[Record], object]) -> list[str]:
    """What the changed report differs in from the honest one, in order."""
    found = compare(account(record), account(record, *changes, name="east"))
    return [one.cause for one in found.differences]


def key_of(record: Record, name: str) -> str:
    return next(one for one in record["duels"] if one.startswith(address(name)))


def other_catalog(record: Record) -> None:
    record["catalog"] = "ab" * 32
    record["competitions"][0]["epsilon"]["end"] = 0.02


def other_seed(record: Record) -> None:
    record["seed"] = "cd" * 32


def other_chain(record: Record) -> None:
    record["consensus"][address("bob")] = 0.5


def without_model(record: Record) -> None:
    lost = key_of(record, "cleo")
    del record["losses"][lost], record["duels"][lost]
    rejection = Rejection(reason="hub_unavailable", text="no answer", fault="network", retry=True)
    record["rejections"][lost] = {**vars(rejection), "evidence": {}}
    record["absent"].append(lost)


def other_samples(*numbers: int) -> Callable[[Record], object]:
    def change(record: Record) -> None:
        for number in numbers or range(record["samples"]["count"]):
            record["samples"]["digests"][number] = "ef" * 8
        record["samples"]["digest"] = digest_over(record["samples"]["digests"])

    return change


def other_version(record: Record) -> None:
    record["versions"]["torch"] = "1.0"


def other_device(record: Record) -> None:
    record["device"] = "cuda Made Up"


def other_losses(size: float) -> Callable[[Record], object]:
    def change(record: Record) -> None:
        record["losses"]["reference"]["samples"][3] += size

    return change


def other_history(record: Record) -> None:
    record["earlier"]["stops"][key_of(record, "cleo")] = 0.04


def other_decision(record: Record) -> None:
    record["weights"] = {address("ada"): 1.0}


def test_reports_of_validators_with_one_past_differ_in_nothing(three):
    paths = [three / name / ROUND for name in ("north", "east")]
    found = compare(*(read_report(json.loads(path.read_text())) for path in paths))
    assert (found.differences, found.notes) == ((), ())
    assert (found.first, found.second) == (address("north"), address("east"))
    assert found.as_table()["same"] is True


CAUSES = {
    "catalog": other_catalog,
    "seed": other_seed,
    "chain": other_chain,
    "model": without_model,
    "task": other_samples(),
    "sample": other_samples(3, 7),
    "score": other_losses(0.05),
    "history": other_history,
    "decision": other_decision,
}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_is_named(record, cause):
    assert causes(record, CAUSES[cause]) == [cause]


def test_the_first_cause_comes_first_whatever_else_differs(record):
    changes = [other_history, other_device, other_losses(0.05), other_samples(3), other_version, without_model]
    changes += [other_seed, other_catalog, other_decision]
    expected = ["catalog", "seed", "model", "sample", "version", "device", "score", "history"]
    assert causes(record, *changes) == expected


def test_versions_and_devices_are_a_cause_only_of_losses_that_differ_beyond_tolerance(record):
    assert causes(record, other_version, other_device, other_losses(0.01)) == []
    notes = compare(account(record), account(record, other_version, other_device, other_losses(0.01))).notes
    assert len(notes) == 3
    assert "torch" in notes[0]
    assert "cuda Made Up" in notes[1]
    assert "1 of " in notes[2]
    assert causes(record, other_version, other_losses(0.05)) == ["version", "score"]
    assert causes(record, other_device, other_losses(0.05)) == ["device", "score"]
    assert causes(record, other_version, other_device, other_history) == ["history"]


def test_sentences_name_what_differs(record):
    def sentence(change):
        return compare(account(record), account(record, change)).differences[0].text

    assert "competitions.1@0.epsilon.end: 0.01 and 0.02" in sentence(other_catalog)
    assert "the network's fault (no answer)" in sentence(without_model)
    assert sentence(other_samples(3, 7)) == "2 samples differ; the first is sample 3, of task WORDS."
    assert sentence(other_samples()).startswith("All 120 samples of task WORDS differ")
    assert "differ by more than the tolerance of 0.02; the first is sample 3: " in sentence(other_losses(0.05))


def test_a_validator_that_came_late_differs_by_its_history(three):
    paths = [three / name / ROUND for name in ("north", "late")]
    found = compare(*(read_report(json.loads(path.read_text())) for path in paths))
    assert {one.cause for one in found.differences} == {"history"}


def test_reports_of_two_rounds_or_of_the_first_format_are_refused(record, three):
    another = read_report(json.loads((three / "north" / "000000060-1.json").read_text()))
    with pytest.raises(SetupError, match="the reports tell of two rounds: block 80 of competition 1, and block 60"):
        compare(account(record), another)
    with pytest.raises(SetupError, match="of format 1"):
        compare(account(record), account(record, lambda one: one.update(format=1)))
