"""How scripts end: with their code, and quietly where nobody reads on, as after `| head`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.command import GONE

ROOT = Path(__file__).parents[2]


def run_unread(*command: str) -> tuple[int, bytes]:
    """The exit code and what is on standard error of a command whose output nobody reads."""
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "wb") as output:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, stdout=output, stderr=subprocess.PIPE, timeout=60, check=False
        )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("check_catalog", "competitions/catalog"),
        ("show_samples", "word_sorting"),
        ("wandb_board", "--wandb_entity", "ada", "--dry_run"),
    ],
    ids=lambda command: command[0],
)
def test_a_reader_that_goes_away_ends_a_script_without_a_word(command):
    code, said = run_unread(f"scripts/{command[0]}.py", *command[1:])
    assert said == b""
    assert code in (GONE, 1)  # 1: the library for coloured text ends the process itself


@pytest.mark.parametrize("code", [0, 3])
def test_the_code_of_a_script_is_that_of_its_process(code):
    program = f"from scripts.command import finish; finish(lambda: print('done') or {code})"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, b"done\n", b"")
