"""A worker that does not behave, whatever took hold of it: it is ended, and what it did has a name."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from finetune.errors import ModelRejected, ScorerUnavailable, ScoringError
from finetune.evals import handle
from finetune.evals.handle import Limits, Worker
from finetune.evals.port import Folders
from finetune.evals.wire import Job
from finetune.isolation.level import Level
from finetune.isolation.process import launch
from tests.finetune.evals.models import text

BEGIN = "import os, sys, time\ndef say(line): os.write(1, line + b'\\n')\nsay(b'{\"ready\": true}')\n"
OPENED = BEGIN + 'sys.stdin.readline()\nsay(b\'{"phase": "scoring"}\')\nsys.stdin.readline()\n'
# Beyond what a pipe holds.
JOB = Job(
    folders=Folders(model=Path("/m")), items=[("text", text("x" * 1_000_000))], sequence_length=64, dtype="float32"
)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Starts a worker that runs a script of a few lines in place of its own program."""

    @contextmanager
    def start(script: str, answer_seconds: float = 60) -> Iterator[Worker]:
        command = [sys.executable, "-I", "-S", "-c", script]
        monkeypatch.setattr(handle, "launch", lambda _, **settings: launch(command, **settings))
        limits = Limits(seconds=60, answer_seconds=answer_seconds, memory=1 << 30)
        worker = Worker(tmp_path, None, level=Level.NONE, device="cpu", limits=limits)
        try:
            yield worker
        finally:
            worker.kill()

    return start


def test_one_that_does_not_listen_is_too_slow(worker):
    with worker(BEGIN + "time.sleep(100)", answer_seconds=0.5) as one, pytest.raises(ModelRejected) as caught:
        one.open(JOB)
    assert caught.value.rejection.reason == "too_slow"


def test_one_that_listens_and_says_nothing_is_too_slow(worker):
    with worker(OPENED + "time.sleep(100)", answer_seconds=0.5) as one:
        one.open(JOB)
        with pytest.raises(ModelRejected, match="seconds and was ended in phase 'scoring'") as caught:
            one.next_loss()
    assert caught.value.rejection.reason == "too_slow"


def test_one_that_ends_its_answers_and_goes_on_running_has_crashed(worker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(handle, "_END_SECONDS", 0.1)
    with worker(OPENED + "os.close(1)\ntime.sleep(100)") as one:
        one.open(JOB)
        with pytest.raises(ModelRejected, match="ended its answers and went on running in phase 'scoring'") as caught:
            one.next_loss()
    assert caught.value.rejection.reason == "crashed"


def test_the_last_words_of_one_that_crashed_are_kept_as_what_prints(worker):
    with worker(OPENED + "os.write(2, b'first\\n\\x1b[2J last\\nnote: run with x\\n')\nos._exit(3)") as one:
        one.open(JOB)
        with pytest.raises(ModelRejected, match="with exit code 3 in phase 'scoring'") as caught:
            one.next_loss()
    assert caught.value.rejection.evidence["last_words"] == r"\x1b[2J last"


@pytest.mark.parametrize(
    "words",
    [
        "memory allocation of 2147483648 bytes failed\\nnote: run with `RUST_BACKTRACE=1`",
        "terminate called after throwing an instance of 'std::bad_alloc'\\n  what():  std::bad_alloc",
    ],
)
def test_one_that_aborts_for_want_of_memory_is_said_to_have_wanted_it(worker, words: str):
    with worker(OPENED + f'os.write(2, b"{words}\\n")\nos.abort()') as one:
        one.open(JOB)
        with pytest.raises(ModelRejected, match="more memory than it may have in phase 'scoring'") as caught:
            one.next_loss()
    assert caught.value.rejection.reason == "out_of_memory"
    assert caught.value.rejection.evidence["ended"] == "by signal 6 (Aborted)"


def test_one_that_never_ends_a_line_is_stopped(worker):
    with worker(OPENED + "while True: os.write(1, b'x' * 65536)") as one:
        one.open(JOB)
        with pytest.raises(ScoringError, match="said more than 1,048,576 bytes at once"):
            one.next_loss()


def test_one_that_names_phases_for_ever_is_stopped(worker):
    """It is never waited for, so no limit of time would stop it."""
    script = BEGIN + 'sys.stdin.readline()\nwhile True: say(b\'{"phase": "weights"}\')'
    with worker(script) as one, pytest.raises(ScoringError, match="more than 32 phases"):
        one.open(JOB)


@pytest.mark.parametrize("said", ['{"ready": true}', '{"loss": 0.0}'])
def test_one_that_answers_before_it_has_opened_a_model_is_stopped(worker, said: str):
    script = BEGIN + f"sys.stdin.readline()\nsay(b'{said}')\nsay(b'{{\"phase\": \"scoring\"}}')\ntime.sleep(100)"
    with worker(script) as one, pytest.raises(ScoringError, match="was to open a model and said"):
        one.open(JOB)


def test_one_that_gives_a_phase_for_a_loss_is_stopped(worker):
    with worker(OPENED + 'say(b\'{"phase": "scoring"}\')\ntime.sleep(100)') as one:
        one.open(JOB)
        with pytest.raises(ScoringError, match="asked for a loss and said 'scoring'"):
            one.next_loss()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("raise SystemExit('no torch here')", "exit code 1 in phase 'start'; no torch here"),
        ("pass", "exit code 0 in phase 'start'; it said nothing"),
        ("print('Hello', flush=True)\nimport time\ntime.sleep(100)", "something that no worker says"),
    ],
)
def test_one_that_does_not_start_is_this_machines_fault(worker, script: str, words: str):
    with pytest.raises(ScorerUnavailable, match=words), worker(script):
        pass
