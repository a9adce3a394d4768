"""Run the local hub by hand: `python -m finetune.hub.server --root DIR --users FILE [--port N]`, Ctrl+C to stop."""

import argparse
import signal
import sys
from pathlib import Path

from finetune.errors import SetupError


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted. Returns the exit status: 2 for something the caller can mend."""
    parser = argparse.ArgumentParser(prog="python -m finetune.hub.server", description="A model hub on 127.0.0.1.")
    parser.add_argument("--root", type=Path, required=True, help="folder that keeps the hub's state")
    parser.add_argument("--users", type=Path, required=True, help="file with one NAME:TOKEN a line")
    parser.add_argument("--port", type=int, default=8081, help="port on 127.0.0.1, 0 for any (default %(default)s)")
    options = parser.parse_args(arguments)
    from finetune.hub.server import LocalHub

    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # before any thread starts, so that only sigwait gets them
    try:
        with LocalHub(options.root, read_users(options.users), port=options.port) as hub:
            print(hub.endpoint, flush=True)
            signal.sigwait(stops)
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def read_users(file: Path) -> dict[str, str]:
    """The users of a file: token by name. Raises `SetupError` with the line that is wrong; never shows a token."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"cannot read the users' file {file}: {error}") from None
    users: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        name, colon, token = line.strip().partition(":")
        if not line.strip():
            continue
        if not colon or not token or name in users:
            raise SetupError(f"{file}, line {number}: one NAME:TOKEN is expected, each name once")
        users[name] = token
    if not users:
        raise SetupError(f"{file} names no user")
    return users


if __name__ == "__main__":
    sys.exit(main())
