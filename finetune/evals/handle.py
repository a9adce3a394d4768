"""A validator's end of one worker: asks it, waits with limits, and says what became of it. It reads no model."""

import contextlib
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Literal

from competitions.rejection import Rejection
from finetune.errors import ModelRejected, ScorerUnavailable, ScoringError
from finetune.evals.port import Folders
from finetune.evals.wire import CLOSE, MAX_LINE, NEXT, Job, job_message, line, read_answer
from finetune.isolation.level import Level
from finetune.isolation.process import launch
from finetune.printable import printable

Device = Literal["cpu", "cuda", "mps"]

# How often a worker's memory is looked at while an answer is awaited, in seconds.
_WATCH_SECONDS = 0.25
# To import torch and transformers: seconds on a busy machine.
_START_SECONDS = 300.0
# Of opening a model; there are seven. A worker that never ends them costs no waiting, so no limit of time would end it.
_MOST_PHASES = 32
# Between the end of a process's answers and its own.
_END_SECONDS = 5.0
# What whoever runs this machine ends processes with. No model's code runs in a worker, so none can send them.
_STOPPED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
# What Rust and C++ write before they abort a process whose memory has a limit.
_NO_MEMORY = re.compile(r"memory allocation of \d+ bytes failed|std::bad_alloc")
# All that a worker is told of this machine: no token, no key, no home.
_PASSED_ON = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "OMP_WAIT_POLICY")
_FIXED = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LANG": "C.UTF-8",
    # Torch makes sure of a folder for compiled code, which it never needs here; any that is there will do.
    "TORCHINDUCTOR_CACHE_DIR": "/",
    # One way of adding up, so that a figure repeats.
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one submission may take: seconds in all, seconds for a single answer, bytes of memory beyond the libraries.

    They stop what hangs, not what is slow: an 8B model loads in minutes and its round takes tens of minutes on the
    hardware that its competition names. Only time in which the worker is waited for counts.
    """

    seconds: float
    answer_seconds: float
    memory: int


class Worker:
    """One worker process, from its start to its end, for the full model in `root`."""

    def __init__(
        self,
        root: Path,
        tokenizer: Path | None,
        *,
        level: Level,
        device: Device,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start it and wait until it is ready. Raises `ScorerUnavailable`."""
        self._limits, self._clock, self._left = limits, clock, _START_SECONDS
        self._phase, self._said = "start", b""
        # What adapters it is to read is not known yet; they are put in here one by one.
        self._inbox = Path(tempfile.mkdtemp(prefix="finetune-worker-"))
        readable = [root, self._inbox, *([tokenizer] if tokenizer else [])]
        environment = _FIXED | {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        command = [sys.executable, "-P", "-m", "finetune.evals.worker", device, str(limits.memory)]
        try:
            self._child = launch(command, level=level, readable=readable, environment=environment, device=device)
        except BaseException:
            shutil.rmtree(self._inbox)
            raise
        for pipe in (self._child.stdin, self._child.stdout):
            os.set_blocking(pipe.fileno(), False)
        try:
            self._expect_ready(_START_SECONDS)
        except ScoringError as error:
            words = self._last_words() or "it said nothing"
            self.kill()
            raise ScorerUnavailable(f"the worker did not start: {error}; {words}") from error

    def open(self, job: Job) -> None:
        """Let it open the model of the job. Raises what scoring raises."""
        self._left = self._limits.seconds
        self._tell(job_message(job))
        for _ in range(_MOST_PHASES):
            answer = self._answer(self._limits.answer_seconds)
            if answer == "scoring":
                return
            if not isinstance(answer, str):
                raise ScoringError(f"the worker was to open a model and said {answer!r}")
        raise ScoringError(f"the worker named more than {_MOST_PHASES} phases of opening a model")

    @property
    def phase(self) -> str:
        """What it said last that it begins, in a word or two."""
        return self._phase

    def next_loss(self) -> float:
        """The loss of the next item. Raises what scoring raises."""
        self._tell(NEXT)
        loss = self._answer(self._limits.answer_seconds)
        if not isinstance(loss, float):
            raise ScoringError(f"the worker was asked for a loss and said {loss!r}")
        return loss

    def close(self) -> None:
        """End the job; the full model stays loaded. Raises what scoring raises."""
        self._tell(CLOSE)
        self._expect_ready(self._limits.answer_seconds)

    @contextlib.contextmanager
    def within_reach(self, folders: Folders) -> Iterator[Folders]:
        """The same folders as the worker can read them: an adapter is copied to where it looks, and removed after."""
        if folders.base is None:
            yield folders
            return
        place = Path(tempfile.mkdtemp(dir=self._inbox))
        try:
            shutil.copytree(folders.model, place, dirs_exist_ok=True)
            yield replace(folders, model=place)
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def kill(self) -> None:
        """End it with everything that it started."""
        self._child.kill()
        shutil.rmtree(self._inbox, ignore_errors=True)

    def _tell(self, message: Mapping[str, Any]) -> None:
        """Say it, within the limits: a worker that does not listen fills the pipe."""
        data = memoryview(line(message))
        try:
            for _ in self._waiting(self._child.stdin, selectors.EVENT_WRITE, self._limits.answer_seconds):
                data = data[os.write(self._child.stdin.fileno(), data) :]
                if not data:
                    return
        except BrokenPipeError:
            raise self._ended() from None

    def _expect_ready(self, seconds: float) -> None:
        if (answer := self._answer(seconds)) is not None:
            raise ScoringError(f"the worker was to be ready and said {answer!r}")

    def _answer(self, seconds: float) -> str | float | None:
        """The next thing it says; a phase is remembered on the way. Raises what scoring raises."""
        answer = read_answer(self._line(seconds))
        if isinstance(answer, str):
            self._phase = answer
        return answer

    def _line(self, seconds: float) -> bytes:
        """One line from it, within the limits."""
        turns = self._waiting(self._child.stdout, selectors.EVENT_READ, seconds)
        while b"\n" not in self._said:
            next(turns)
            data = os.read(self._child.stdout.fileno(), 1 << 16)
            if not data:
                raise self._ended()
            self._said += data
            if len(self._said) > MAX_LINE:
                raise ScoringError(f"the worker said more than {MAX_LINE:,} bytes at once")
        turns.close()
        found, _, self._said = self._said.partition(b"\n")
        return found

    def _waiting(self, pipe: IO[bytes], event: int, seconds: float) -> Generator[None, None, None]:
        """A turn whenever the pipe is ready. Raises `ModelRejected` when a limit is reached before."""
        began = self._clock()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, event)
            try:
                while True:
                    waited = self._clock() - began
                    if waited > seconds:
                        raise self._too_slow(f"gave no answer for {seconds:g} seconds")
                    if waited > self._left:
                        raise self._too_slow(f"took more than {self._limits.seconds:g} seconds in all")
                    self._check_memory()
                    if selector.select(_WATCH_SECONDS):
                        yield
            finally:
                self._left -= self._clock() - began

    def _check_memory(self) -> None:
        held = self._child.memory_bytes()
        if held is not None and held > self._limits.memory:
            raise ModelRejected(
                Rejection(
                    reason="out_of_memory",
                    text=f"it took {held:,} bytes of memory in phase {self._phase!r}; "
                    f"{self._limits.memory:,} are allowed",
                    evidence={"phase": self._phase, "bytes": held, "allowed": self._limits.memory},
                )
            )

    def _too_slow(self, what: str) -> ModelRejected:
        return ModelRejected(
            Rejection(
                reason="too_slow",
                text=f"it {what} and was ended in phase {self._phase!r}",
                evidence={"phase": self._phase, "what": what},
            )
        )

    def _ended(self) -> ModelRejected | ScorerUnavailable:
        """What to say of a worker that is gone without a word."""
        try:
            code = self._child.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            how = "its answers and went on running"
        else:
            how = f"with exit code {code}" if code >= 0 else f"by signal {-code} ({signal.strsignal(-code)})"
            # A launcher that waited for it passes a signal on as 128 and its number.
            if (-code if code < 0 else code - 128) in _STOPPED:
                return ScorerUnavailable(f"the worker was stopped from outside in phase {self._phase!r}, {how}")
        words = self._last_words()
        evidence = {"phase": self._phase, "ended": how, "last_words": words}
        if _NO_MEMORY.search(words):
            text = f"it asked for more memory than it may have in phase {self._phase!r}: {words}"
            return ModelRejected(Rejection(reason="out_of_memory", text=text, evidence=evidence))
        text = f"the worker ended {how} in phase {self._phase!r}"
        return ModelRejected(Rejection(reason="crashed", text=text, evidence=evidence))

    def _last_words(self) -> str:
        """The last line that it wrote to stderr, but for Rust's advice on debugging; empty where there is none."""
        lines = [one for one in self._child.stderr_tail().split("\n") if one.strip() and not one.startswith("note:")]
        return printable(lines[-1], 300) if lines else ""
