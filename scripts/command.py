"""How a script ends as a process: with its exit code, and without a word where nobody reads its output any more."""

import os
import sys
from collections.abc import Callable
from typing import NoReturn

GONE = 141  # as a shell counts a process that its reader has left: 128 + the number of SIGPIPE


def finish(main: Callable[[], int]) -> NoReturn:
    """Run a script's `main` and end the process with the code that it returns."""
    try:
        try:
            code = main()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered is written when the process ends, and must not fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = GONE
    sys.exit(code)
