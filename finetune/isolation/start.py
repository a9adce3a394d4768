"""What runs in the new process before the child's own program: limits, then walls, then the program in its place.

`main` is called by `process.launch` in a bare interpreter. It knows nothing of models; it never returns.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from finetune.isolation.landlock import interface_version, restrict
from finetune.isolation.level import Level
from finetune.isolation.paths import PROC
from finetune.isolation.seccomp import build_filter, install_filter
from finetune.isolation.syscalls import call

# The only file a child can write is the one behind its stderr; this is all that a flood can fill, in bytes.
FILE_BYTES = 1 << 20
OPEN_FILES = 1024
# Exit codes as a shell's: not found, and found but not run.
NOT_STARTED, NOT_FOUND = 126, 127

_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 24, 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4


def main(order: str) -> None:
    """Do as `order` says: JSON of the arguments of `start`."""
    try:
        start(**json.loads(order))
    except OSError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_STARTED)


def start(
    *,
    level: str,
    parent: int,
    command: Sequence[str],
    readable: Sequence[str],
    devices: Sequence[str],
    unix_sockets: bool,
    bwrap: str | None,
) -> None:
    """Become `command`, inside the walls of `level`; see `process.launch` for the arguments.

    Raises:
        OSError: a wall could not be raised, or the program could not be started.
    """
    _limit()
    if sys.platform == "linux":
        _die_with(parent)
    if level == Level.BUBBLEWRAP:
        assert bwrap is not None
        command = _in_bubblewrap(bwrap, command, readable, devices, unix_sockets)
    elif level == Level.LANDLOCK:
        _drop_privileges()
        restrict(
            readable=[Path(one) for one in (*readable, *PROC)],
            usable=[Path(one) for one in devices],
            version=interface_version(),
        )
        install_filter(build_filter(machine=os.uname().machine, own_pid=os.getpid(), unix_sockets=unix_sockets))
    os.execv(command[0], list(command))


def _limit() -> None:
    for kind, wanted in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        hard = resource.getrlimit(kind)[1]
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (limit, limit))
    # Where memory runs out, this process is to be ended first, not the one that started it.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _die_with(parent: int) -> None:
    call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(NOT_STARTED)


def _drop_privileges() -> None:
    """Root becomes a user like others at the next exec, and no program can give anything back."""
    call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    if os.geteuid() == 0:
        for capability in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
            call("prctl", _PR_CAPBSET_DROP, capability)
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _in_bubblewrap(
    bwrap: str, command: Sequence[str], readable: Sequence[str], devices: Sequence[str], unix_sockets: bool
) -> list[str]:
    """The command that runs `command` in bubblewrap: no session of its own, so that all stays in one process group."""
    # No process outside can be seen, so none needs to be spared by the filter.
    program = build_filter(machine=os.uname().machine, own_pid=None, unix_sockets=unix_sockets)
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    os.write(writing, program)
    os.close(writing)
    binds = [part for one in readable for part in ("--ro-bind-try", one, one)]
    uses = [part for one in devices for part in ("--dev-bind", one, one)]
    return [
        *(bwrap, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--seccomp", str(reading)),
        *(*binds, *uses, "--proc", "/proc", "--remount-ro", "/", "--chdir", "/", "--", *command),
    ]
