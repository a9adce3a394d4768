"""How far a submission has come: every reason falls at the gate that gives it."""

import ast
from pathlib import Path

import pytest

from competitions.rejection import Rejection
from finetune.board.gates import GATES, gate_results, gates_words

ROOT = Path(__file__).parents[3]


def given() -> set[str]:
    """Every reason that some rejection in the code is given."""
    found = set()
    for part in ("competitions", "finetune"):
        for path in (ROOT / part).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    return found


def test_every_reason_of_a_gate_is_one_that_is_given():
    assert {reason for reasons in GATES.values() for reason in reasons} <= given()


@pytest.mark.parametrize(
    ("reason", "gate"),
    [
        ("malformed_commitment", "commitment"),
        ("too_recent", "age"),
        ("repository_gone", "repository"),
        ("hash_mismatch", "files"),
        ("file_not_allowed", "files"),
        ("same_weights", "weights of its own"),
        ("sees_the_future", "loading"),
        ("degenerate_output", "scoring"),
    ],
)
def test_a_submission_fails_at_one_gate_has_passed_those_before_and_reaches_none_after(reason, gate):
    told = gate_results(Rejection(reason=reason, text="why"), seen=False)
    results = [one.result for one in told]
    at = list(GATES).index(gate)
    assert results == ["passed"] * at + ["failed"] + ["not reached"] * (len(GATES) - at - 1)
    assert (told[at].gate, told[at].reason, told[at].fault, told[at].text) == (gate, reason, "miner", "why")
    assert f"failed at {gate} ({reason}, the miner's fault)" in gates_words(told)


def test_a_fault_that_is_not_the_miners_is_told_so():
    told = gate_results(Rejection(reason="no_room", text="no room", fault="validator", retry=True), seen=False)
    assert "failed at repository (no_room, not the miner's fault: validator)" in gates_words(told)


def test_who_waits_has_passed_what_needs_no_file_and_who_was_scored_all():
    waiting = gates_words(gate_results(None, seen=False))
    assert waiting.startswith("Gates passed: commitment and age. Repository, files")
    assert gates_words(gate_results(None, seen=True)).startswith("It has passed every gate: commitment, age,")
