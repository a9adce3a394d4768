"""The wire between a validator and its worker: jobs arrive whole, and whatever a worker says is checked."""

import json
from pathlib import Path
from typing import Any

import pytest

from competitions.rejection import Rejection
from finetune.errors import FinetuneError, ModelRejected, ScorerUnavailable, ScoringError
from finetune.evals.port import Folders
from finetune.evals.wire import READY, Job, error_message, job_message, line, read_answer, read_job
from tests.finetune.evals.models import chat, text

NONSENSE = {
    "nothing": b"\n",
    "no JSON": b"Loading weights: 100%\n",
    "half a message": b'{"loss": 1.',
    "no UTF-8": b"\xff\xfe\xfd\n",
    "no object": b'[{"loss": 1.0}]\n',
    "an empty object": b"{}\n",
    "nested for ever": b'{"loss": ' + b"[" * 100_000,
    "an unknown word": b'{"reward": 1.0}\n',
    "not ready": b'{"ready": false}\n',
    "ready in another way": b'{"ready": 1}\n',
    "a phase without a name": b'{"phase": null}\n',
    "a loss of NaN": b'{"loss": NaN}\n',
    "an infinite loss": b'{"loss": Infinity}\n',
    "a loss beyond all floats": b'{"loss": 1e999}\n',
    "a whole number that no float can hold": b'{"loss": 1' + b"0" * 400 + b"}\n",
    "a number of endless digits": b'{"loss": ' + b"9" * 10_000 + b"}\n",
    "a loss that is true": b'{"loss": true}\n',
    "a loss in words": b'{"loss": "0.1"}\n',
    "a rejection without a reason": b'{"rejected": {"text": "x", "evidence": {}}}\n',
    "a reason that is no code": b'{"rejected": {"reason": "<b>Late</b>", "text": "x", "evidence": {}}}\n',
    "a rejection without evidence": b'{"rejected": {"reason": "too_slow", "text": "x", "evidence": []}}\n',
    "a failure without words": b'{"failed": 7}\n',
}


@pytest.mark.parametrize("said", NONSENSE.values(), ids=NONSENSE)
def test_what_no_worker_says_is_the_submissions_failure(said: bytes):
    with pytest.raises(ScoringError, match="something that no worker says") as caught:
        read_answer(said)
    assert not isinstance(caught.value, ModelRejected)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("message", "answer"), [(READY, None), ({"phase": "weights"}, "weights"), ({"loss": 0.25}, 0.25)]
)
def test_what_a_worker_says_is_understood(message: dict[str, Any], answer: str | float | None):
    assert read_answer(line(message)) == answer


def test_a_reason_comes_across_with_its_text_and_its_figures():
    sent = Rejection(reason="not_finite", text="tensor a has 2 NaN", evidence={"tensor": "a", "count": 2, "x": 0.5})
    with pytest.raises(ModelRejected) as caught:
        read_answer(line(error_message(ModelRejected(sent))))
    assert caught.value.rejection == sent


@pytest.mark.parametrize("error", [ScoringError("no such file"), ScorerUnavailable("the base is broken")])
def test_other_failures_come_across_as_what_they_are(error: FinetuneError):
    with pytest.raises(type(error), match=str(error)) as caught:
        read_answer(line(error_message(error)))
    assert type(caught.value) is type(error)


def test_a_fault_that_nobody_foresaw_comes_across_as_a_failure():
    with pytest.raises(ScoringError, match="list index out of range"):
        read_answer(line(error_message(IndexError("list index out of range"))))


def test_strange_letters_come_across_as_what_prints():
    """A chat template may raise any text: half a character would break a file, an escape a terminal."""
    strange = "\ud800 \x1b[2J \u202e\n"
    plain = r"\ud800 \x1b[2J \u202e\n"
    rejection = Rejection(reason="not_finite", text=strange, evidence={strange: strange})
    assert read_answer(line({"phase": strange})) == plain
    for error in (ScoringError(strange), ScorerUnavailable(strange), ModelRejected(rejection)):
        with pytest.raises(type(error)) as caught:
            read_answer(line(error_message(error)))
        assert str(caught.value) == plain
        if isinstance(caught.value, ModelRejected):
            assert caught.value.rejection.evidence == {plain: plain}


def test_what_comes_across_is_bounded_and_a_signed_report_can_hold_it():
    evidence: dict[str, Any] = {str(number): number for number in range(100)}
    figures = {"nan": float("nan"), "infinite": float("inf"), "long": 10**400, "nested": [[1]], "text": "x" * 9999}
    rejected = {"reason": "too_slow", "text": "é" * 9999}
    for given, kept in ((evidence, 16), (figures, 1)):
        with pytest.raises(ModelRejected) as caught:
            read_answer(line({"rejected": rejected | {"evidence": given}}))
        assert len(caught.value.rejection.text) == 1000
        assert len(caught.value.rejection.evidence) == kept
        assert len(json.dumps(dict(caught.value.rejection.evidence), allow_nan=False)) < 2000


@pytest.mark.parametrize(
    "folders",
    [
        Folders(model=Path("/m")),
        Folders(model=Path("/m"), base=Path("/b c")),
        Folders(model=Path("/m"), base=Path("/b"), tokenizer=Path("/t")),
    ],
)
def test_a_job_arrives_as_it_was_sent(folders: Folders):
    items = [("reference", chat("é\n", "\U0001f600")), ("text", text("b"))]
    job = Job(folders=folders, items=items, sequence_length=64, dtype="bfloat16")
    assert read_job(json.loads(line(job_message(job)))) == job
    assert line(job_message(job)).count(b"\n") == 1
