import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competitions.rejection import Rejection
from competitions.submission import Payload, Submission, parse_payload

COMMIT = "1f" * 20
HASH = "q0" * 21 + "Q="
GOOD = f"ada:sorter:{COMMIT}:{HASH}:2".encode()

ALNUM = string.ascii_letters + string.digits
NAMES = st.lists(st.text(ALNUM + "_", min_size=1, max_size=8), min_size=1, max_size=4).map(
    lambda parts: "a" + "-".join(parts)
)
PAYLOADS = st.builds(
    Payload,
    repository=st.tuples(NAMES, NAMES).map("/".join),
    revision=st.text("0123456789abcdef", min_size=40, max_size=40),
    secure_hash=st.text(ALNUM + "+/", min_size=43, max_size=43).map(lambda text: text + "="),
    competition=st.integers(0, 999_999_999),
)


def test_a_commitment_reads_as_the_five_things_it_says() -> None:
    assert parse_payload(GOOD) == Payload(repository="ada/sorter", revision=COMMIT, secure_hash=HASH, competition=2)


def test_39_of_the_128_bytes_are_left_for_namespace_and_name() -> None:
    assert len(Payload(repository="a/" + "b" * 38, revision=COMMIT, secure_hash=HASH, competition=2).encode()) == 128


@given(payload=PAYLOADS)
def test_what_is_encoded_reads_back_the_same(payload: Payload) -> None:
    assert parse_payload(payload.encode()) == payload


MALFORMED = [
    (b"", "five tokens"),
    (b":", "five tokens"),
    (b"::::", "namespace"),
    (GOOD + b":", "has 6"),
    (GOOD + b":2", "has 6"),
    (GOOD.replace(b":2", b""), "has 4"),
    (b" " + GOOD, "namespace"),
    (GOOD + b"\n", "competition_id"),
    (GOOD + b"\0", "competition_id"),
    (GOOD.replace(b"ada", b"../ada"), "namespace"),
    (GOOD.replace(b"ada", b"a..b"), "namespace"),
    (GOOD.replace(b"ada", b"-ada"), "namespace"),
    (GOOD.replace(b"ada", b"a--b"), "namespace"),
    (GOOD.replace(b"ada", b"a" * 97), "namespace"),
    (GOOD.replace(b"ada", "äda".encode()), "namespace"),
    (GOOD.replace(b"ada", b"\xff\xfe"), "namespace"),
    (GOOD.replace(b"sorter", b""), "name "),
    (GOOD.replace(b"sorter", b".git"), "name "),
    (GOOD.replace(b"sorter", b"a/b"), "name "),
    (GOOD.replace(b"sorter", b"a?b"), "name "),
    (GOOD.replace(COMMIT.encode(), b"main"), "commit"),
    (GOOD.replace(COMMIT.encode(), COMMIT[:-1].encode()), "commit"),
    (GOOD.replace(COMMIT.encode(), COMMIT.upper().encode()), "commit"),
    (GOOD.replace(HASH.encode(), HASH[:-1].encode()), "secure_hash"),
    (GOOD.replace(HASH.encode(), HASH[:-1].encode() + b"A"), "secure_hash"),
    (GOOD.replace(HASH.encode(), b"_" + HASH[1:].encode()), "secure_hash"),
    (GOOD[:-1], "competition_id"),
    (GOOD[:-1] + b"02", "competition_id"),
    (GOOD[:-1] + b"-2", "competition_id"),
    (GOOD[:-1] + b"+2", "competition_id"),
    (GOOD[:-1] + b"2.0", "competition_id"),
    (GOOD[:-1] + b"1_0", "competition_id"),
    (GOOD[:-1] + b"1000000000", "competition_id"),
    (GOOD[:-1] + "٢".encode(), "competition_id"),
]


@pytest.mark.parametrize(("data", "named"), MALFORMED)
def test_a_malformed_commitment_is_a_rejection_that_names_the_token(data: bytes, named: str) -> None:
    found = parse_payload(data)
    assert isinstance(found, Rejection)
    assert (found.reason, found.fault, found.retry) == ("malformed_commitment", "miner", False)
    assert named in found.text


def test_ten_thousand_random_byte_strings_raise_nothing_and_read_only_as_what_encodes_to_them() -> None:
    rng = random.Random(0)
    read = 0
    for _ in range(5_000):
        assert isinstance(parse_payload(rng.randbytes(rng.randrange(200))), Rejection)
    letters = (string.printable + "\0é").encode()
    for _ in range(5_000):
        data = bytearray(GOOD)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(data))
            data[at : at + rng.randrange(3)] = bytes(rng.choices(letters, k=rng.randrange(3)))
        found = parse_payload(bytes(data))
        read += isinstance(found, Payload)
        assert isinstance(found, Rejection) or found.encode() == data
    assert 0 < read < 5_000


def test_a_rejection_quotes_a_long_commitment_in_part() -> None:
    found = parse_payload(b"x" * 100_000)
    assert isinstance(found, Rejection)
    assert len(found.text) + len(str(found.evidence)) < 1_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"repository": "ada"},
        {"repository": "ada/sorter/x"},
        {"repository": "ada/sor:ter"},
        {"repository": "ada/\ud800"},
        {"revision": "main"},
        {"secure_hash": ""},
        {"competition": -1},
        {"competition": True},
        {"competition": 10**9},
    ],
)
def test_a_payload_that_would_not_read_back_cannot_be_made(wrong: dict[str, object]) -> None:
    values: dict[str, object] = {"repository": "a/b", "revision": COMMIT, "secure_hash": HASH, "competition": 2}
    with pytest.raises(ValueError, match=r"must be|five tokens|surrogates"):
        Payload(**{**values, **wrong})  # type: ignore[arg-type]


def test_a_hotkey_that_commits_again_makes_another_submission() -> None:
    payload = Payload(repository="a/b", revision=COMMIT, secure_hash=HASH, competition=2)
    first, second = (Submission(hotkey="5F", coldkey="5C", block=block, payload=payload) for block in (7, 8))
    assert (first.key, second.key) == ("5F@7", "5F@8")
