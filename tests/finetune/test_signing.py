"""Signing: a signature fits one record and one hotkey, and whatever strangers send is unsigned and no crash."""

import json
import math
from typing import Any

import pytest
from bittensor.sp_core import Keypair

from finetune.signing import canonical, sign, signature_fits, signed_by

RECORD = {"sync": 20, "competition": {"id": 1}, "losses": [1 / 3, 1e-300, 0.1 + 0.2]}
NORTH, EAST = Keypair.create_from_uri("//north"), Keypair.create_from_uri("//east")


def test_the_signature_fits_the_hotkey_that_made_it():
    report = sign(RECORD, NORTH)
    assert signed_by(report) == NORTH.ss58_address
    assert signature_fits(NORTH.ss58_address, canonical(RECORD), report["signature"])
    assert not signature_fits(EAST.ss58_address, canonical(RECORD), report["signature"])


def test_no_changed_byte_of_a_record_goes_unseen():
    report = sign(RECORD, NORTH)
    text = json.dumps(report)
    begin = text.index(json.dumps(RECORD))
    for place in range(begin, begin + len(json.dumps(RECORD))):
        if text[place].isdigit():
            changed = text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]
            try:
                found = json.loads(changed)
            except ValueError:  # a leading zero
                continue
            # The last digit of a float may be beyond its precision: then nothing was changed.
            assert signed_by(found) is None or found["record"] == RECORD


@pytest.mark.parametrize("part", ["record", "hotkey", "signature"])
def test_a_part_of_another_report_does_not_fit(part):
    report, other = sign(RECORD, NORTH), sign({**RECORD, "sync": 40}, EAST)
    assert signed_by({**report, part: other[part]}) is None


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"hotkey": None},
        {"hotkey": "no address"},
        {"signature": None},
        {"signature": "00"},
        {"signature": "no hex"},
        {"record": None},
        {"record": {"loss": math.nan}},
        {"record": {"loss": {1, 2}}},
    ],
)
def test_whatever_a_stranger_sends_as_a_report_is_unsigned_and_no_crash(broken):
    report = sign(RECORD, NORTH) if broken else {}
    assert signed_by({**report, **broken}) is None


def test_a_report_nested_too_deeply_is_unsigned_and_no_crash():
    record: list[Any] = []
    for _ in range(10_000):
        record = [record]
    assert signed_by({**sign(RECORD, NORTH), "record": record}) is None


def test_a_record_has_no_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"loss": math.nan})
