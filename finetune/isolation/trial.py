"""Which level of isolation works on this machine, found by trying. It starts no worker and knows no model."""

import subprocess
import sys
import tempfile

from finetune.errors import SetupError
from finetune.isolation.level import Level
from finetune.isolation.process import launch

TRIAL_SECONDS = 60.0

# What a walled child must fail at: reading a file that it was not given, and making a socket.
_TRIAL = """
import socket, sys
for name, attempt in (("a file outside can be read", lambda: open(sys.argv[1])), ("sockets work", socket.socket)):
    try:
        attempt().close()
    except OSError:
        continue
    sys.exit(name)
"""


def find_level(*, unsafe: bool = False) -> Level:
    """The best level that works here: each is tried once with a real child, which checks the walls from inside.

    Args:
        unsafe: the operator accepts `Level.NONE` where nothing better works.

    Raises:
        SetupError: nothing works and `unsafe` is false; says why, and what to do.
    """
    failures = []
    for level in (Level.BUBBLEWRAP, Level.LANDLOCK):
        failure = try_level(level)
        if failure is None:
            return level
        failures.append(f"{level}: {failure}")
    if unsafe:
        return Level.NONE
    raise SetupError(
        f"models of strangers cannot be walled in on this machine ({'; '.join(failures)}); install bubblewrap "
        "(apt-get install bubblewrap), or use Linux 5.13 or newer with Landlock, "
        "or accept the danger with --unsafe_no_isolation"
    )


def try_level(level: Level) -> str | None:
    """Why `level` does not work here, or None if it does."""
    if level is not Level.NONE and sys.platform != "linux":
        return "it needs Linux"
    with tempfile.NamedTemporaryFile() as outside:
        try:
            child = launch([sys.executable, "-I", "-c", _TRIAL, outside.name], level=level, readable=(), environment={})
        except SetupError as error:
            return str(error)
        with child:
            try:
                code = child.wait(TRIAL_SECONDS)
            except subprocess.TimeoutExpired:
                return f"a trial did not end within {TRIAL_SECONDS:.0f} seconds"
            if code == 0 or level is Level.NONE:
                return None
            lines = child.stderr_tail().strip().splitlines()
            return lines[-1] if lines else f"a trial ended with exit code {code}"
