"""The mirror as a validator starts it: when it does, when it says why not, and with what."""

import os
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from neurons.mirror import start_mirror
from neurons.settings import VALIDATOR, parse

KEY = "5e" * 20


def started(tmp_path: Path, *flags: str, **variables: str) -> tuple[list[str], list[list[str]]]:
    """What it says, and the command lines of the processes that it starts."""
    said: list[str] = []
    options = parse(VALIDATOR, "", ["--model_dir", str(tmp_path), *flags], variables)
    (tmp_path / "reports").mkdir(exist_ok=True)
    with ExitStack() as held:
        start_mirror(options, "5Hotkey", held, said.append)
        commands = [command_of(path) for path in Path("/proc").glob("[0-9]*") if is_child(path)]
    return said, [one for one in commands if "finetune.mirror" in one]


def is_child(process: Path) -> bool:
    try:
        return f"PPid:\t{os.getpid()}\n" in process.joinpath("status").read_text()
    except OSError:
        return False


def command_of(process: Path) -> list[str]:
    """Its command line, which the system shows a moment after it was started."""
    for _ in range(200):
        command = process.joinpath("cmdline").read_text()
        if command:
            return command.split("\0")
        time.sleep(0.01)
    return []


def test_without_a_key_it_is_off_and_says_so_in_a_sentence(tmp_path: Path):
    said, commands = started(tmp_path)
    assert said == ["wandb is off, for WANDB_API_KEY is not set; rounds go on without it"]
    assert commands == []


@pytest.mark.parametrize("flag", ["--wandb.off", "--offline"])
def test_it_is_off_where_the_operator_says_so(tmp_path: Path, flag: str):
    assert started(tmp_path, flag, WANDB_API_KEY=KEY) == (["wandb is off"], [])
    assert started(tmp_path, WANDB_API_KEY=KEY, WANDB_OFF="true") == (["wandb is off"], [])


def test_settings_reach_the_process_and_the_key_is_not_on_its_command_line(tmp_path: Path):
    flags = ("--wandb_project", "shown", "--wandb_entity", "ada", "--netuid", "12")
    said, (command,) = started(tmp_path, *flags, WANDB_API_KEY=KEY, WANDB_BASE_URL="http://127.0.0.1:9")
    assert said == []
    assert {"--project=shown", "--entity=ada", "--netuid=12", "--hotkey=5Hotkey"} <= set(command)
    assert f"--reports={tmp_path / 'reports'}" in command
    assert KEY not in " ".join(command)


def test_a_process_that_cannot_be_started_is_said_and_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.executable", str(tmp_path / "none"))
    said, commands = started(tmp_path, WANDB_API_KEY=KEY)
    assert said == [
        "wandb is off, for its process cannot be started: No such file or directory; rounds go on without it"
    ]
    assert commands == []
