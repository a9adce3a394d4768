"""Commitments from the bytes that a node stores to what a round makes of them: a submission, or a rejection."""

import base64
import json
import random
from dataclasses import asdict
from types import SimpleNamespace

import pytest

from competitions.rejection import Rejection
from competitions.submission import FORM, parse_payload
from competitions.tables import from_table
from finetune.chain.bittensor.fields import raw_data
from finetune.chain.port import Commitment, Metagraph, Neuron
from finetune.validating.discover import discover
from tests.finetune.chain.bittensor.scale import VARIANTS, decode_registration, encode_info

COMMIT, HASH = b"1f" * 20, base64.b64encode(bytes(range(32)))
GOOD = b":".join((b"ada", b"sorter", COMMIT, HASH, b"1"))
TOKENS = GOOD.split(b":")


def raw(data: bytes) -> bytes:
    """The fields of a commitment as they are stored, where it is one raw field."""
    return encode_info({"fields": [{f"Raw{len(data)}": data}]})


def with_token(place: int, token: bytes) -> bytes:
    return b":".join((*TOKENS[:place], token, *TOKENS[place + 1 :]))


def hand_made() -> list[bytes]:
    """Malformed in every way that somebody thought of."""
    text = GOOD.decode()
    counts = [b":".join((TOKENS * 3)[:count])[:128] for count in (1, 2, 3, 4, 6, 7, 10)]
    base64s = [
        *(HASH[:-1], HASH[:-1] + b"A", HASH + b"=", b"=" * 44, HASH[:42] + b"==", b"-_" * 22, HASH[:43] + b" "),
        *(b"\n" + HASH[1:], base64.b32encode(b"1" * 20)[:44], b"", HASH[:40], bytes(44), HASH.hex().encode()[:44]),
        base64.urlsafe_b64encode(b"\xff" * 32),
    ]
    commits = [COMMIT.upper(), COMMIT[:-1], COMMIT + b"0", b"main", b"HEAD", b"g" * 40, b"-" * 40, "é".encode() * 20]
    names = [b"", b".", b"..", b"-ada", b"ada--x", b"a/b", b"a b", b"a%2fb", b"..%2f", b"\x00", b"x" * 97]
    names.append("ädä".encode())
    ids = [b"", b"-1", b"+1", b"01", b"1.0", b"1e3", b"0x1", b" 1", b"1\n", b"1" * 10, b"\xff"]
    ids += ["\u0661".encode(), "\u00b2".encode()]  # digits of other scripts
    whole = [b"", b":", b":" * 128, b"\x00" * 128, b"\xff" * 128, GOOD + b":", b":" + GOOD, GOOD + b"\n", b" " + GOOD]
    names_of_encodings = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037", "utf-8-sig")
    encodings = [text.encode(name)[:128] for name in names_of_encodings]
    others = [GOOD.hex().encode()[:128], base64.b64encode(GOOD)[:128], json.dumps({"repo": text[:60]}).encode()]
    return [
        *(*counts, *whole, *encodings, *others, GOOD.replace(b":", b";"), GOOD.replace(b":", b"::"), GOOD[::-1]),
        *(with_token(0, one)[:128] for one in names),
        *(with_token(1, one)[:128] for one in names),
        *(with_token(2, one)[:128] for one in commits),
        *(with_token(3, one)[:128] for one in base64s),
        *(with_token(4, one)[:128] for one in ids),
    ]


def random_ones(count: int) -> list[bytes]:
    """128 bytes of anything, and good commitments with a few bytes changed, left out or put in."""
    rng = random.Random(7)
    found = []
    while len(found) < count:
        data = bytearray(GOOD)
        if rng.random() < 0.4:
            data = bytearray(rng.randbytes(rng.choice((128, rng.randrange(129)))))
        else:
            for _ in range(rng.randrange(1, 6)):
                place = rng.randrange(len(data))
                data[place : place + rng.randrange(2)] = rng.randbytes(rng.randrange(3))
        if isinstance(parse_payload(bytes(data[:128])), Rejection):
            found.append(bytes(data[:128]))
    return found


def not_raw(rng: random.Random) -> bytes:
    """Fields that are not exactly one raw field, as they are stored."""
    many = [f for f in ("Sha256", "BlakeTwo256", "Keccak256") if f in VARIANTS]
    return rng.choice(
        (
            encode_info({"fields": []}),
            encode_info({"fields": ["ResetBondsFlag"]}),
            encode_info({"fields": [{rng.choice(many): rng.randbytes(32)}]}),
            encode_info({"fields": [{"BigRaw": GOOD}]}),
            encode_info({"fields": [{"Raw4": GOOD[:4]}, {f"Raw{len(GOOD) - 4}": GOOD[4:]}]}),
            encode_info({"fields": [{"TimelockEncrypted": {"encrypted": GOOD, "reveal_round": rng.randrange(2**63)}}]}),
        )
    )


def neuron(uid: int) -> Neuron:
    figures = dict.fromkeys(("stake", "incentive", "dividends", "consensus", "validator_trust"), 0.0)
    return Neuron(
        uid=uid,
        hotkey=f"hotkey-{uid}",
        coldkey=f"coldkey-{uid}",
        validator_permit=False,
        last_update=-1,
        block_at_registration=0,
        **figures,
    )


def test_ten_thousand_malformed_commitments_are_rejections_with_a_reason_and_hide_no_good_one(subnet):
    rng = random.Random(8)
    stored = [raw(data) for data in hand_made()]
    stored += [not_raw(rng) for _ in range(500)]
    stored += [raw(data) for data in random_ones(10_000 - len(stored))]
    middle = len(stored) // 2
    stored.insert(middle, raw(GOOD))
    neurons = tuple(neuron(uid) for uid in range(len(stored)))
    commitments = [
        Commitment(hotkey=one.hotkey, block=1, data=raw_data(decode_registration(1, info)["info"]["fields"]))
        for one, info in zip(neurons, stored, strict=True)
    ]
    metagraph = Metagraph(
        block=20, tempo=20, activity_cutoff=400, weights_rate_limit=10, owner_hotkey=None, neurons=neurons
    )
    chain = SimpleNamespace(
        metagraph=lambda block: metagraph,
        commitments=lambda block: tuple(commitments),
        block_hash=lambda block: bytes(32),
        block_time=lambda block: 0.0,
    )

    found = discover(chain, subnet.catalog, 20)

    assert [one.hotkey for one in found.submissions] == [f"hotkey-{middle}"]
    assert len(found.rejections) == 10_000
    for one in found.rejections.values():
        assert (one.reason, one.fault, one.retry) == ("malformed_commitment", "miner", False)
        assert one.text.isprintable()
        assert 20 < len(one.text) < 300
    kept = json.loads(json.dumps(asdict(found), allow_nan=False))
    assert from_table(type(found), kept) == found, "it comes back from the validator's memory as it was"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"ada:sorter", f"a commitment has five tokens, {FORM}; this one has 2"),
        (with_token(0, b"a/b"), "namespace must be letters, digits, dots, dashes and underscores; found 'a/b'"),
        (with_token(2, b"main"), "commit must be 40 lowercase hex digits; found 'main'"),
        (with_token(3, HASH[:-1]), "secure_hash must be 44 base64 characters; found"),
        (with_token(4, b"01"), "competition_id must be a number without leading zeros; found '01'"),
    ],
)
def test_a_rejection_says_which_token_is_wrong_what_it_was_and_what_is_allowed(data, said):
    rejection = parse_payload(raw_data(decode_registration(1, raw(data))["info"]["fields"]))
    assert isinstance(rejection, Rejection)
    assert rejection.text.startswith(said)
