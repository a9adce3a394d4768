"""Report: one signed, strict and self-contained record of a round."""

import json
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from competitions.batches import batch_losses
from competitions.competition import Competition
from competitions.dethroning import judge
from competitions.season import Entrant, Season
from competitions.seat import Seat, saw_champion, vacate
from competitions.tables import from_table
from finetune.errors import HubUnavailable, RepositoryGone, SetupError
from finetune.signing import sign, signed_by
from finetune.validating.machine import Machine, this_machine
from finetune.validating.report import FORMAT, OWN, ReportFolder
from tests.finetune.validating.subnet import FaultyHub, TensorScorer, address, key, make_competition

RECORD = {"sync": 20, "competition": {"id": 1}, "losses": [1 / 3, 1e-300, 0.1 + 0.2]}


def test_the_signature_fits_its_hotkey_and_survives_the_way_through_a_file(tmp_path):
    report = sign(RECORD, key("north"))
    assert signed_by(report) == address("north")
    ReportFolder(tmp_path).publish(report)
    assert signed_by(json.loads((tmp_path / "000000020-1.json").read_text())) == address("north")


def test_a_folder_that_cannot_be_made_or_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match=r"the report folder .* cannot be made"):
        ReportFolder(tmp_path / "file" / "reports")
    folder = ReportFolder(tmp_path / "reports")
    (tmp_path / "reports").rmdir()
    with pytest.raises(SetupError, match="cannot be written"):
        folder.publish(sign(RECORD, key("north")))


def judged_again(records: list[dict[str, Any]]) -> Entrant:
    """The champion after the last of the records, from nothing but them."""
    last = records[-1]
    competition = from_table(Competition, last["competition"])
    number = str(competition.id)
    season = Season(
        {
            record["sync"]: {
                key: batch_losses(np.array(one["samples"]), competition.round.batch_size)
                for key, one in record["losses"].items()
            }
            for record in records
        }
    )
    standing = {f"{one['hotkey']}@{one['block']}": one for one in last["submissions"]}
    entrants = [
        Entrant(block=one["block"], key=key)
        for key, one in standing.items()
        if one["payload"]["competition"] == competition.id and key not in {*last["rejections"], *last["absent"]}
    ]
    seat = from_table(Seat, last["seats"]["before"][number])
    verdict = judge(season, seat.champion, entrants, competition, last["sync"])
    after = seat.taken_by(verdict.champion)
    if after.champion == seat.champion and last["reachable"] is not None:
        after = vacate(saw_champion(after, last["reachable"]), list(standing), competition)
    assert after == from_table(Seat, last["seats"]["after"][number])
    return after.champion


def test_reports_alone_are_enough_to_judge_every_round_again(subnet, warehouse):
    hub = FaultyHub(warehouse.hub())
    node = subnet.node(hub=hub)
    best, good = warehouse.model(1.0).repository, warehouse.model(1.005).repository
    script: list[tuple[list[tuple[str, float]], dict[str, Exception]]] = [
        ([("ada", 1.5), ("bob", 1.45)], {}),
        ([("eve", 1.45), ("cid", 1.0), ("dan", 1.005)], {best: HubUnavailable("no answer")}),
        ([], {}),
        ([], {good: RepositoryGone("deleted")}),
        ([], {good: RepositoryGone("deleted")}),
        ([], {good: RepositoryGone("deleted")}),
        ([("dan", 0.9)], {}),
    ]
    records: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    champions = []
    for commits, hub.faults in script:
        subnet.chain.advance()
        for name, quality in commits:
            names[subnet.submit(name, quality).key] = f"{name} {quality}"
        sync = subnet.play(node)
        records.append(json.loads(json.dumps(node.report(sync)["record"], allow_nan=False)))
        assert judged_again(records) == node.champion()
        champions.append(names[node.champion().key])
    # The best is out of reach as it would win, then a hair too close; the third absence vacates the seat.
    assert champions == ["bob 1.45", *["dan 1.005"] * 4, "bob 1.45", "dan 0.9"]


def test_a_record_says_all_that_was_decided_on_and_by_what(subnet):
    subnet.chain.advance()
    ada, eve = subnet.submit("ada", 1.0), subnet.commit_raw("eve", b"nonsense")
    node = subnet.node()
    sync = subnet.play(node)
    record = node.record(sync)
    assert record["format"] == FORMAT
    assert (record["sync"], record["seed"]) == (sync, subnet.chain.block_hash(sync).hex())
    assert record["catalog"] == subnet.catalog.fingerprint
    assert record["champion"] == {"before": "reference", "after": ada.key}
    assert record["dethroner"] == ada.key
    assert record["rejections"][eve.key]["reason"] == "malformed_commitment"
    assert record["samples"]["count"] == 120
    assert {key: len(one["samples"]) for key, one in record["losses"].items()} == {"reference": 120, ada.key: 120}
    assert record["duels"][ada.key]["wins"] == 60
    assert record["weights"] == {address("ada"): 1.0}
    assert (record["owner"], record["tempo"]) == (address("owner"), 20)
    assert record["uids"][address("ada")] == subnet.chain.metagraph(sync).by_hotkey[address("ada")].uid
    assert set(record["consensus"]) == {address(name) for name in ("owner", "north", "ada", "eve")}
    assert set(node.report(sync)["record"]["seconds"]) == {"discover", "download", "sample", "score"}


def test_honest_validators_differ_in_identity_time_and_device_alone(subnet):
    """East has another clock, another machine and another hotkey; both see a champion, a rival and a rejection."""
    subnet.join("east", stake=500.0)
    subnet.chain.advance()
    ticks = iter(range(10**6))
    machine = Machine(device="cuda Made Up", versions={"torch": "0.1"})
    nodes = [subnet.node("north"), subnet.node("east", clock=lambda: float(next(ticks)), machine=machine)]
    subnet.commit_raw("eve", b"nonsense")
    for name, quality in (("ada", 1.5), ("bob", 1.45), ("cid", 1.9)):
        subnet.submit(name, quality)
        sync = subnet.play(*nodes)
    first, second = (node.report(sync) for node in nodes)
    assert {name for name in first if first[name] != second[name]} == {"record", "hotkey", "signature"}
    ours, theirs = first["record"], second["record"]
    assert ours.keys() == theirs.keys()
    assert {name for name in ours if ours[name] != theirs[name]} == set(OWN) - {"isolation"}
    assert ours["saved"]["samples"] == theirs["saved"]["samples"] > 0


def test_what_early_stops_have_saved_is_counted_in_samples_and_seconds(subnet):
    """A tick a sample: the copy is stopped after 11 batches of 2, and 98 of its 120 samples are saved."""
    ticks = [0.0]

    def tick(quality: float, number: int, loss: float) -> float:
        ticks[0] += 1.0
        return loss

    subnet.chain.advance()
    node = subnet.node(scorer=TensorScorer(hook=tick), clock=lambda: ticks[0])
    subnet.submit("ada", 1.0)
    subnet.play(node)
    copy = subnet.submit("bob", 1.0, salt=1.0)
    record = node.report(subnet.play(node))["record"]
    assert (len(record["losses"][copy.key]["samples"]), record["losses"][copy.key]["stopped"]) == (22, "behind")
    assert record["saved"] == {"samples": 98, "seconds": 98.0}
    assert record["paces"][copy.key]["per_sample"] == 1.0


def test_a_record_tells_why_the_seat_is_whose_it_is(subnet, warehouse):
    hub = FaultyHub(warehouse.hub())
    node = subnet.node(hub=hub)
    subnet.chain.advance()
    told = []

    def play() -> None:
        moves = node.report(subnet.play(node))["record"]["moves"]
        told.append((moves["start"]["reason"], moves["end"]["reason"]))

    play()
    ada = subnet.submit("ada", 1.5)
    play()
    subnet.submit("bob", 1.49)
    play()
    hub.faults[warehouse.model(1.5).repository] = RepositoryGone("deleted")
    for _ in range(3):
        play()
    assert told == [
        ("opened", "unopposed"),
        ("kept", "dethroned"),
        *[("kept", "held")] * 3,
        ("kept", "unreachable"),
    ]
    moves = node.report(6 * 20)["record"]["moves"]
    assert moves["end"]["text"] == (
        f"{ada.key} could not be read or scored in 3 rounds running, or in its first as an heir, so the seat goes to "
        "reference."
    )


def test_a_round_of_16_submissions_and_300_samples_takes_less_than_200_kb_compressed(open_subnet, warehouse):
    """Every submission is scored on every sample, and no two losses are alike."""
    few = make_competition(warehouse)
    subnet = open_subnet(replace(few, round=replace(few.round, batches=150, challengers=16)))
    subnet.chain.advance()
    for number in range(16):
        subnet.submit(f"miner{number}", 1.0 + number / 1000)

    def uneven(quality: float, number: int, loss: float) -> float:
        return loss if quality == 2.0 else loss * (1 + np.sin(1e6 * quality * (number + 1)) / 5)

    node = subnet.node(scorer=TensorScorer(hook=uneven), cache_bytes=10**8)
    report = node.report(subnet.play(node))
    scored = [len(one["samples"]) for one in report["record"]["losses"].values()]
    assert scored == [300] * 17
    (path,) = node.reports.folder.iterdir()
    assert len(zlib.compress(path.read_bytes())) < 200_000


def test_the_machine_is_named_by_its_kind_and_the_versions_that_figures_depend_on():
    found = this_machine()
    assert found.device.startswith("cpu ")
    assert {"python", "torch", "transformers", "tokenizers", "bittensor", "finetune-subnet"} <= found.versions.keys()
