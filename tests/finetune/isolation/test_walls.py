"""What a hostile program can do: behind walls nothing of what `attacks` tries, without them nearly all of it."""

import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import finetune
from finetune.isolation import process
from finetune.isolation.level import Level
from tests.finetune.isolation.walled import WALLED, answer, python

ATTACKS = Path(__file__).with_name("attacks.py")
# What may fail without walls too: it takes a privilege, or a part of the system that is not everywhere.
UNCERTAIN = {
    "connect by TCP over IPv6",
    "make a call of a newer kernel",
    "make a file at the root",
    "make a file in /dev/shm",
    "make a packet socket",
    "make a raw socket",
    "make namespaces",
    "set up io_uring",
    "trace the parent",
}


@pytest.fixture
def targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Things to attack: files of the user, a model that may be read, servers that listen, a secret variable."""
    monkeypatch.setenv("PLANTED_SECRET", "x")
    secret, model, project = tmp_path / ".bittensor" / "coldkey", tmp_path / "model", tmp_path / "project"
    for folder in (secret.parent, model, project / "finetune"):
        folder.mkdir(parents=True)
    for file in (secret, model / "weights", model / "spare", project / "pyproject.toml"):
        file.write_bytes(b"content")
    with ExitStack() as stack, tempfile.TemporaryDirectory() as short:
        tcp, udp, local, abstract = (
            stack.enter_context(socket.socket(family, kind))
            for family, kind in (
                (socket.AF_INET, socket.SOCK_STREAM),
                (socket.AF_INET, socket.SOCK_DGRAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
            )
        )
        for server, address in (
            (tcp, ("127.0.0.1", 0)),
            (udp, ("127.0.0.1", 0)),
            (local, f"{short}/local"),
            (abstract, f"\0finetune-test-{os.getpid()}"),
        ):
            server.bind(address)
        for server in (tcp, local, abstract):
            server.listen()
        yield {
            "attacks": str(ATTACKS),
            "parent": os.getpid(),
            "secret": str(secret),
            "model": str(model),
            "project": str(project),
            "temporary": str(tmp_path),
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "local": local.getsockname(),
            "abstract": abstract.getsockname()[1:].decode(),
        }


def attack(targets: dict[str, Any], level: Level) -> tuple[set[str], set[str]]:
    """The attempts that succeeded, and those that failed."""
    child = python(ATTACKS.read_text(), json.dumps(targets), level=level, readable=[Path(targets["model"])])
    outcomes = answer(child)
    assert isinstance(outcomes, dict)
    done = {name for name, outcome in outcomes.items() if outcome == "done"}
    return done, set(outcomes) - done


@pytest.mark.parametrize("level", WALLED)
def test_behind_walls_no_attack_succeeds(targets, level):
    done, _ = attack(targets, level)
    assert done == set()


def test_the_oldest_landlock_is_enough(targets, monkeypatch):
    older = "import finetune.isolation.start as start; start.interface_version = lambda: 1; "
    monkeypatch.setattr(process, "_BARE_START", process._BARE_START.replace("from finetune", older + "from finetune"))
    done, _ = attack(targets, Level.LANDLOCK)
    assert done == set()


def test_without_walls_the_same_attacks_succeed(targets):
    _, failed = attack(targets, Level.NONE)
    # It has nobody's environment but its own, at any level.
    assert failed - UNCERTAIN == {"have a variable of the parent"}


@pytest.mark.parametrize("level", WALLED)
def test_it_has_no_privileges_and_can_get_none(level):
    program = """
import json
status = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
print(json.dumps([int(status["CapPrm"], 16), int(status["CapEff"], 16), int(status["NoNewPrivs"])]))
"""
    assert answer(python(program, level=level)) == [0, 0, 1]


@pytest.mark.parametrize("level", WALLED)
def test_neither_the_project_nor_the_home_can_be_read(level):
    program = """
import json, os, sys
names = []
for folder in sys.argv[1:]:
    try:
        names += os.listdir(folder)
    except OSError:
        pass
print(json.dumps(names))
"""
    project = Path(finetune.__file__).parents[1]
    # In a namespace of its own a folder above a readable one is there, and holds only the way to that.
    way = {"finetune", "competitions", ".venv", ".pyenv", ".local"}
    names = answer(python(program, str(project), str(project / ".git"), str(Path.home()), "/root", level=level))
    assert isinstance(names, list)
    assert set(names) <= way


@pytest.mark.parametrize("level", WALLED)
def test_a_file_put_into_a_readable_folder_later_can_be_read(tmp_path, level):
    inbox, elsewhere = tmp_path / "inbox", tmp_path / "elsewhere"
    inbox.mkdir()
    elsewhere.write_bytes(b"an adapter")
    program = """
import json, os, sys
print(os.listdir(sys.argv[1]), flush=True)
sys.stdin.readline()
inside = {name: open(os.path.join(sys.argv[1], name)).read() for name in os.listdir(sys.argv[1])}
print(json.dumps(inside))
"""
    with python(program, str(inbox), level=level, readable=[inbox]) as child:
        assert child.stdout.readline() == b"[]\n"
        os.link(elsewhere, inbox / "linked")
        (inbox / "written").write_bytes(b"another")
        child.stdin.write(b"\n")
        assert answer(child) == {"linked": "an adapter", "written": "another"}


@pytest.mark.parametrize("level", WALLED)
def test_what_a_scorer_needs_works(tmp_path, level):
    program = """
import sys
sys.modules["dill"] = None  # where it is installed, torch imports it, and it wants a folder to write to
import json, threading, torch, competitions, finetune.errors
from safetensors.torch import load_file
threads = [threading.Thread(target=print, kwargs={"file": sys.stderr}) for _ in range(4)]
for one in threads:
    one.start()
    one.join()
with open("/dev/null", "w") as nowhere:
    nowhere.write("x")
weight = load_file(sys.argv[1])["weight"]
print(json.dumps((weight @ weight).tolist()))
"""
    import torch
    from safetensors.torch import save_file

    path = tmp_path / "model.safetensors"
    save_file({"weight": torch.tensor([[1.0, 2.0], [0.0, 1.0]])}, path)
    child = python(program, str(path), level=level, readable=[tmp_path], OMP_NUM_THREADS="1")
    assert answer(child) == [[1.0, 4.0], [0.0, 1.0]]
