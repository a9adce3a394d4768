"""A child's life: how it ends, what it leaves behind, what its parent hears of it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from finetune.errors import SetupError
from finetune.isolation import group
from finetune.isolation.process import STDERR_TAIL_BYTES, launch
from finetune.isolation.start import FILE_BYTES
from tests.finetune.isolation.walled import LEVELS, answer, python

SLEEP = "import time; print(1, flush=True); time.sleep(600)"
pytestmark = pytest.mark.parametrize("level", LEVELS)


def all_gone(process_group: int) -> bool:
    """Whether the group is empty, at once or soon."""
    patience = time.monotonic() + 10
    while any(group.living(process_group)) and time.monotonic() < patience:
        time.sleep(0.01)
    return not any(group.living(process_group))


def test_it_answers_on_its_pipes_and_ends_when_its_input_does(level):
    program = "import sys\nfor line in sys.stdin: print(line.strip().upper(), flush=True)"
    with python(program, level=level) as child:
        for word in (b"one", b"two"):
            child.stdin.write(word + b"\n")
            assert child.stdout.readline() == word.upper() + b"\n"
        assert child.alive()
        child.stdin.close()
        assert child.wait(30) == 0
        assert not child.alive()


def test_its_environment_is_what_it_was_given(level, monkeypatch):
    monkeypatch.setenv("PLANTED_SECRET", "x")
    child = python("import json, os; print(json.dumps(dict(os.environ)))", level=level, GIVEN="1")
    environment = answer(child)
    assert isinstance(environment, dict)
    # Python itself sets LC_CTYPE where no language is given; bubblewrap says which folder it starts in.
    assert {name for name in environment if name not in ("LC_CTYPE", "PWD")} == {"GIVEN"}


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("raise SystemExit(3)", 3),
        ("raise SystemExit(255)", 255),
        ("import os; os.abort()", -signal.SIGABRT),
        ("import signal; signal.raise_signal(signal.SIGKILL)", -signal.SIGKILL),
    ],
)
def test_how_it_ended_is_told(level, program, code):
    with python(program, level=level) as child:
        assert child.wait(30) == code
        assert child.exit_code() == code


def test_its_last_words_are_kept(level):
    with python("import sys; sys.exit('x' * 10_000 + ' alas')", level=level) as child:
        child.wait(30)
        assert child.stderr_tail().endswith("x alas\n")
    assert child.stderr_tail().endswith("x alas\n")
    assert len(child.stderr_tail()) == STDERR_TAIL_BYTES


def test_a_program_that_is_not_there_is_told(level):
    python("", level=level).kill()  # skips where the level cannot work
    with launch(["/nowhere/python"], level=level, readable=(), environment={}) as child:
        assert child.wait(30) != 0
        assert "No such file or directory" in child.stderr_tail()


def test_a_folder_that_is_not_there_is_refused(level, tmp_path):
    with pytest.raises(SetupError, match="gone is to be read by a walled process, and is not there"):
        launch([sys.executable], level=level, readable=[tmp_path / "gone"], environment={})


def test_kill_ends_it_at_once_and_twice_does_no_harm(level):
    with python(SLEEP, level=level) as child:
        assert child.stdout.readline() == b"1\n"
        child.kill()
        assert child.exit_code() == -signal.SIGKILL
        assert not any(group.living(child.pid))
        child.kill()


def test_what_it_started_ends_with_it(level):
    program = """
import os, sys, time
try:
    if os.fork() == 0:
        time.sleep(600)
except PermissionError:
    pass
"""
    with python(program, level=level) as child:
        child.wait(30)
        assert not any(group.living(child.pid))


def test_it_dies_with_the_process_that_started_it(level):
    program = f"""
import os, sys, time
from finetune.isolation.level import Level
from finetune.isolation.process import launch
child = launch([sys.executable, "-c", {SLEEP!r}], level=Level("{level}"), readable=(), environment={{}})
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""
    python("", level=level).kill()  # skips where the level cannot work
    with subprocess.Popen([sys.executable, "-P", "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert any(group.living(child))
        parent.kill()
    assert all_gone(child)


def test_no_zombie_is_left_even_where_orphans_fall_to_the_caller(level):
    program = f"""
import ctypes, os, sys
from finetune.isolation.level import Level
from finetune.isolation.process import launch
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
with launch([sys.executable, "-c", {SLEEP!r}], level=Level("{level}"), readable=(), environment={{}}) as child:
    child.stdout.readline()
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("none left")
"""
    python("", level=level).kill()  # skips where the level cannot work
    assert subprocess.check_output([sys.executable, "-P", "-c", program]) == b"none left\n"


def test_a_flood_of_output_neither_grows_nor_blocks(level):
    program = f"""
import os
for _ in range({4 * FILE_BYTES} // 65536):
    try:
        os.write(2, b"x" * 65536)
    except OSError:
        break
print("still here", flush=True)
while True:
    os.write(1, b"y" * 65536)
"""
    with python(program, level=level) as child:
        assert child.stdout.readline() == b"still here\n"
        assert os.fstat(child._errors.fileno()).st_size <= FILE_BYTES
    assert child.stderr_tail() == "x" * STDERR_TAIL_BYTES


def test_its_memory_counts_what_it_holds_and_not_the_files_it_maps(level, tmp_path):
    file = tmp_path / "weights"
    file.write_bytes(bytes(100 << 20))
    program = """
import mmap, sys
with open(sys.argv[1], "rb") as file:
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    mapped.find(b"x")
print(flush=True)
sys.stdin.readline()
held = b"x" * (200 << 20)
print(flush=True)
sys.stdin.readline()
"""
    with python(program, str(file), level=level, readable=[tmp_path]) as child:
        child.stdout.readline()
        before = child.memory_bytes()
        child.stdin.write(b"\n")
        child.stdout.readline()
        after = child.memory_bytes()
    assert before is not None
    assert after is not None
    assert before < 50 << 20
    assert 200 << 20 <= after < 260 << 20
