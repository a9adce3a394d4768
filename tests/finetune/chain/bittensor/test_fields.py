"""The fields of commitments, decoded by the library's own codec: ours come back, everything else is rejected."""

import random

import pytest

from competitions.rejection import Rejection
from competitions.submission import parse_payload
from finetune.chain.bittensor.fields import NOT_RAW, raw_data, raw_fields
from tests.finetune.chain.bittensor.scale import VARIANTS, decode_registration, encode_info

PAYLOAD = b":".join((b"ada", b"sorter", b"1f" * 20, b"q0" * 21 + b"A=", b"2"))
HEX = "0x" + PAYLOAD.hex()


def stored(*fields):
    return decode_registration(7, encode_info({"fields": list(fields)}))["info"]["fields"]


def test_raw_fields_of_every_size_come_back():
    for size in range(129):
        data = bytes(range(127, 127 + size))
        assert raw_data(stored(*raw_fields(data))) == data


def test_the_payload_of_this_test_is_a_good_one():
    assert parse_payload(raw_data(stored(*raw_fields(PAYLOAD)))).competition == 2


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [{"BigRaw": PAYLOAD}],
        [{"BigRaw": b"x" * 512}],
        [{f"Raw{len(PAYLOAD)}": PAYLOAD}, {"Raw0": b""}],
        [{"Raw4": b"ada:"}, {f"Raw{len(PAYLOAD) - 4}": PAYLOAD[4:]}],
        [{f"Raw{len(PAYLOAD)}": PAYLOAD}, "ResetBondsFlag"],
        ["ResetBondsFlag"],
        [{"Sha256": b"a" * 32}],
        [{"TimelockEncrypted": {"encrypted": PAYLOAD, "reveal_round": 5}}],
    ],
    ids=repr,
)
def test_anything_but_one_raw_field_is_rejected_whatever_it_says(fields):
    data = raw_data(stored(*fields))
    assert data == NOT_RAW
    assert isinstance(parse_payload(data), Rejection)


@pytest.mark.parametrize(
    "fields",
    [
        None,
        0,
        HEX,
        {f"Raw{len(PAYLOAD)}": HEX},
        [None],
        [HEX],
        [{}],
        [{f"Raw{len(PAYLOAD)}": HEX, "Raw0": []}],
        [{"Raw5": HEX}],
        [{f"Raw{len(PAYLOAD)}": PAYLOAD.decode()}],
        [{f"Raw{len(PAYLOAD)}": HEX[:-1]}],
        [{f"raw{len(PAYLOAD)}": HEX}],
        [{f"Raw0{len(PAYLOAD)}": HEX}],
        [{"Raw129": "0x" + "61" * 129}],
        [{"Raw": HEX}],
        [{None: HEX}],
        [{"Raw5": None}],
        [{"Raw5": {"Raw5": HEX}}],
        [{"Raw2": "0xzz"}],
    ],
    ids=repr,
)
def test_answers_of_another_shape_are_rejected_and_raise_nothing(fields):
    assert raw_data(fields) == NOT_RAW


def random_field(rng):
    """Any variant of a field, in the chain's own encoding, with random content of the right length."""
    kind = rng.randrange(len(VARIANTS))
    if VARIANTS[kind] in ("None", "ResetBondsFlag"):
        return bytes([kind])
    if VARIANTS[kind] in ("TimelockEncrypted", "BigRaw"):
        content = PAYLOAD[: rng.randrange(64)] if rng.random() < 0.5 else rng.randbytes(rng.randrange(64))
        rounds = rng.randbytes(8) if VARIANTS[kind] == "TimelockEncrypted" else b""
        return bytes([kind, len(content) << 2]) + content + rounds
    size = int(VARIANTS[kind][3:]) if VARIANTS[kind].startswith("Raw") else 32
    return bytes([kind]) + rng.randbytes(size)


def test_ten_thousand_random_commitments_are_all_rejected_and_none_raises():
    rng = random.Random(0)
    singles = 0
    for _ in range(10_000):
        count = rng.choice((0, 1, 1, 1, 1, 2, 3))
        info = bytes([count << 2]) + b"".join(random_field(rng) for _ in range(count))
        data = raw_data(decode_registration(7, info)["info"]["fields"])
        singles += data != NOT_RAW
        assert isinstance(parse_payload(data), Rejection)
    assert singles > 3000
