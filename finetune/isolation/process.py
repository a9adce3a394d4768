"""One child process behind walls: starting it, talking to it, ending it and all it started.

It knows nothing of what the child does, and starts no thread.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

from finetune.errors import SetupError
from finetune.isolation import group
from finetune.isolation.level import Level
from finetune.isolation.paths import device_paths, readable_paths

STDERR_TAIL_BYTES = 4096
# A killed process is gone in milliseconds, unless the kernel itself is stuck, as with a broken graphics card.
GONE_SECONDS = 10.0

_BARE_START = "import sys; sys.path.append(sys.argv[1]); from finetune.isolation.start import main; main(sys.argv[2])"


def launch(
    command: Sequence[str],
    *,
    level: Level,
    readable: Sequence[Path],
    environment: Mapping[str, str],
    device: Literal["cpu", "cuda", "mps"] = "cpu",
) -> "Child":
    """Start `command` behind the walls of `level`, in the folder /.

    Behind walls it can read Python's installation, the system's libraries, this project's packages and `readable`; it
    can write nowhere, make no socket and start no process, only threads. `HOME` and temporary folders are not there.
    A file put into a readable folder later can be read too. It ends when the thread that called this function ends.

    Args:
        command: the absolute path of a program, and its arguments.
        level: as `trial.find_level` found it.
        readable: files and folders; a link in them is of use only where what it points to can be read too.
        environment: all variables that the child has.
        device: "cuda" adds the graphics card's devices and what its driver reads.

    Raises:
        SetupError: a path of `readable` is not there, bubblewrap is asked for and is not installed, or the system
            has no room for a process.
    """
    for path in readable:
        if not path.exists():
            raise SetupError(f"{path} is to be read by a walled process, and is not there")
    bwrap = shutil.which("bwrap")
    if level is Level.BUBBLEWRAP and bwrap is None:
        raise SetupError("the program bwrap is not on the PATH")
    order = {
        "level": level,
        "parent": os.getpid(),
        "command": list(command),
        "readable": [str(path) for path in readable_paths(device=device, extra=readable)],
        "devices": [str(path) for path in device_paths(device=device)],
        "unix_sockets": device == "cuda",
        "bwrap": bwrap,
    }
    packages = Path(__file__).parents[2]
    # A file and not a pipe: nobody has to empty it, and `start` bounds what goes in.
    errors = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _BARE_START, str(packages), json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
            cwd="/",
            env=dict(environment),
            start_new_session=True,
        )
    except OSError as error:
        errors.close()
        raise SetupError(f"no process can be started: {error.strerror}") from error
    return Child(process, errors, level)


class Child:
    """A process started by `launch`. Leaving its `with` block kills it.

    Attributes:
        pid: its process id, and the id of its process group.
        stdin: an unbuffered pipe to it; closing it is how to ask it to end.
        stdout: an unbuffered pipe from it, at its end when the child has ended.
    """

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes], level: Level) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid = process.pid
        self.stdin: IO[bytes] = process.stdin
        self.stdout: IO[bytes] = process.stdout
        self._process = process
        self._errors = errors
        self._level = level
        self._swept = False
        self._tail = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self.exit_code() is None

    def exit_code(self) -> int | None:
        """How it ended: the code it gave, or minus the signal that ended it; None while it runs."""
        code = self._process.poll()
        return None if code is None else self._ended(code)

    def wait(self, seconds: float) -> int:
        """Wait for it to end by itself, then say how, as `exit_code` does. Raises `subprocess.TimeoutExpired`."""
        return self._ended(self._process.wait(seconds))

    def memory_bytes(self) -> int | None:
        """What it and all it started hold in memory that the kernel cannot take back; None where no system says so.

        Resident pages without those of mapped files: a model read through a map counts once it is copied or changed.
        """
        return group.memory_bytes(self.pid) if sys.platform == "linux" else None

    def stderr_tail(self) -> str:
        """The last few thousand bytes that it wrote to stderr; also after `kill`."""
        if not self._errors.closed:
            # Read through the descriptor's own offset would move the child's, which it shares.
            size = os.fstat(self._errors.fileno()).st_size
            tail = os.pread(self._errors.fileno(), STDERR_TAIL_BYTES, max(0, size - STDERR_TAIL_BYTES))
            self._tail = tail.decode(errors="replace")
        return self._tail

    def kill(self) -> None:
        """End it and everything it started; when this returns all are gone. Once more does nothing."""
        if self._process.returncode is None:
            self._signal_group()
            with suppress(subprocess.TimeoutExpired):
                self._ended(self._process.wait(GONE_SECONDS))
        self.stderr_tail()
        for stream in (self.stdin, self.stdout, self._errors):
            stream.close()

    def _ended(self, code: int) -> int:
        if not self._swept:
            self._swept = True
            self._sweep()
        # bubblewrap reports a signal as a shell does.
        signalled = self._level is Level.BUBBLEWRAP and code - 128 in signal.valid_signals()
        return 128 - code if signalled else code

    def _signal_group(self) -> None:
        # macOS answers that it is not permitted where all of a group have ended.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _sweep(self) -> None:
        """End what the first process left behind. Just after it was collected, so its number is nobody else's yet."""
        self._signal_group()
        patience = time.monotonic() + GONE_SECONDS
        while any(group.living(self.pid)) and time.monotonic() < patience:
            time.sleep(0.002)
        # Orphans fall to this process where it is the first of a container; nobody else would collect them.
        with suppress(ChildProcessError):
            while os.waitpid(-self.pid, os.WNOHANG)[0]:
                pass
