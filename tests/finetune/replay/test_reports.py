"""What a folder of reports must be."""

import json
import shutil

import pytest

from finetune.errors import SetupError
from finetune.replay.comparison import shares_of
from finetune.replay.reports import read_reports
from finetune.signing import sign
from tests.finetune.validating.subnet import key


@pytest.fixture
def folder(three, tmp_path):
    """A copy of north's reports."""
    return shutil.copytree(three / "north", tmp_path / "north")


def rewrite(path, change, *, signer="north"):
    """Another record in the place of a report, signed again."""
    record = json.loads(path.read_text())["record"]
    change(record)
    path.write_text(json.dumps(sign(record, key(signer))))


def refusal(folder):
    with pytest.raises(SetupError) as caught:
        read_reports(folder)
    return str(caught.value)


def test_rounds_come_in_order_of_their_sync_blocks(folder):
    (folder / "000000020-1.json").rename(folder / "z.json")
    assert [one.record.sync for one in read_reports(folder)] == [20, 40, 60, 80, 100, 120]


def test_a_folder_that_is_not_there_and_a_file_are_refused(folder):
    for wrong in (folder / "nowhere", folder / "000000020-1.json"):
        assert refusal(wrong) == f"{wrong}: there is no such folder; give that of one validator's reports"


def test_a_folder_without_reports_is_refused(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path}: no report (*.json) in there; give the folder of one validator's reports"


def test_a_changed_record_does_not_fit_its_signature(folder):
    path = folder / "000000040-1.json"
    report = json.loads(path.read_text())
    report["record"]["weights"] = {}
    path.write_text(json.dumps(report))
    assert refusal(folder) == f"{path}: the signature does not fit"


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\x00\x01"])
def test_a_file_that_is_no_json_is_refused(folder, text):
    path = folder / "a.json"
    path.write_text(text)
    assert refusal(folder).startswith(f"{path}: is no JSON file: ")


def test_a_file_that_is_no_report_is_refused(folder):
    (folder / "a.json").write_text("[]")
    assert "the signature does not fit" in refusal(folder)


def test_a_file_larger_than_any_report_is_not_read(folder):
    with (folder / "a.json").open("wb") as file:
        file.truncate(64_000_001)
    assert refusal(folder).endswith("64,000,001 bytes, allowed is a report of at most 64,000,000")


def test_two_validators_in_one_folder_are_refused(folder, three):
    shutil.copy(three / "late" / "000000080-1.json", folder / "000000080-1.json")
    assert f"{folder}: reports of 2 validators, " in refusal(folder)


def test_two_reports_of_one_round_are_refused(folder):
    shutil.copy(folder / "000000040-1.json", folder / "copy.json")
    assert refusal(folder) == f"{folder / 'copy.json'}: tells of round 40 again, as 000000040-1.json does"


@pytest.mark.parametrize(("count", "found"), [(3, 3), (122, 122)])
def test_losses_of_parts_of_batches_or_of_too_many_are_refused(folder, count, found):
    path = folder / "000000020-1.json"
    rewrite(path, lambda record: record["losses"]["reference"].update(samples=[1.0] * count))
    expected = f"found {found} samples, allowed is whole batches of 2, 120 samples at most"
    assert refusal(folder) == f"{path}: the record breaks a rule: losses.reference: {expected}"


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("consensus", {"x": 2.0}, "consensus: found 2.0, allowed is 0 to 1"),
        ("tempo", 0, "tempo: found 0"),
        ("owner", 3, "owner: found 3, allowed is a text in quotes"),
    ],
)
def test_a_value_that_no_round_has_is_refused(folder, field, value, text):
    rewrite(folder / "000000020-1.json", lambda record: record.update({field: value}))
    assert text in refusal(folder)


def test_weights_stand_until_the_next_round():
    """Ada has 20 of 100 blocks, bob 60 of them and half of the last 20."""
    rounds = [(20, {"ada": 1.0}), (40, {"bob": 1.0}), (100, {"bob": 0.5, "cleo": 0.5})]
    assert shares_of(rounds, 20) == pytest.approx({"ada": 0.2, "bob": 0.7, "cleo": 0.1})


def test_a_round_that_sets_no_weights_leaves_those_that_stand():
    assert shares_of([(20, {}), (40, {"ada": 1.0}), (60, {})], 20) == pytest.approx({"ada": 2 / 3})
