"""The filter's verdicts, worked out step by step for both machines: one of them is never the one that runs this."""

import errno
import os
import socket
import struct

import pytest

from finetune.isolation.seccomp import ABSENT, DENIED, build_filter
from finetune.isolation.syscalls import NEWEST_KNOWN, number

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
REFUSED, UNKNOWN = ERRNO | errno.EPERM, ERRNO | errno.ENOSYS
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
MACHINES = tuple(ARCHITECTURES)
CLONE_THREAD = 0x10000


def verdict(program: bytes, call: int, *arguments: int, architecture: int) -> int:
    """What the kernel would answer: the few instructions of classic BPF that the filter uses."""
    data = struct.pack("<IIQ6Q", call, architecture, 0, *(*arguments, *[0] * (6 - len(arguments))))
    steps = list(struct.iter_unpack("<HBBI", program))
    at = accumulator = 0
    while True:
        code, if_true, if_false, operand = steps[at]
        at += 1
        if code == 0x20:
            accumulator = struct.unpack_from("<I", data, operand)[0]
        elif code == 0x54:
            accumulator &= operand
        elif code == 0x06:
            return operand
        else:
            holds = {0x15: accumulator == operand, 0x25: accumulator > operand}[code]
            at += if_true if holds else if_false


def judge(machine: str, name: str | int, *arguments: int, unix_sockets: bool = False) -> int:
    call = number(name, machine=machine) if isinstance(name, str) else name
    assert call is not None
    program = build_filter(machine=machine, own_pid=77, unix_sockets=unix_sockets)
    return verdict(program, call, *arguments, architecture=ARCHITECTURES[machine])


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_denied_is_denied_whatever_its_arguments(machine):
    for name in DENIED:
        if number(name, machine=machine) is not None:
            assert judge(machine, name, 0, 0, 0) == judge(machine, name, 2**63, 7, 1) == REFUSED, name


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_that_the_table_cannot_judge_do_not_exist(machine):
    for call in (*ABSENT, NEWEST_KNOWN + 1, 0x4000_0000 + 41):
        assert judge(machine, call) == UNKNOWN, call


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("name", "allowed", "denied"),
    [
        ("clone", [(CLONE_THREAD | 0x100,)], [(0,), (0x100,), (0x10000000,)]),
        ("socket", [], [(socket.AF_INET,), (socket.AF_UNIX,), (0,)]),
        ("socketpair", [(socket.AF_UNIX,)], [(socket.AF_INET,)]),
        (
            "openat",
            [(0, 0, os.O_RDONLY), (0, 0, os.O_WRONLY | os.O_TRUNC)],
            [(0, 0, os.O_TRUNC), (0, 0, os.O_TRUNC | 3)],
        ),
        ("prctl", [(15,)], [(1,)]),
        ("prlimit64", [(0, 7)], [(77, 7), (1, 7)]),
        ("sched_setaffinity", [(0,)], [(1,)]),
        ("fcntl", [(0, 1), (0, 4)], [(0, 8), (0, 15), (0, 1024), (0, 1026)]),
        ("ioctl", [(0, 0x5401)], [(0, 0x5412), (0, 0x541C), (0, 0x8901), (0, 0x8902)]),
        ("tgkill", [(77, 78, 6)], [(76, 76, 9)]),
    ],
)
def test_some_calls_are_judged_by_an_argument(machine, name, allowed, denied):
    assert {judge(machine, name, *arguments) for arguments in allowed} <= {ALLOW}
    assert {judge(machine, name, *arguments) for arguments in denied} == {REFUSED}


@pytest.mark.parametrize("machine", MACHINES)
def test_a_graphics_card_may_make_local_sockets_and_connect_none(machine):
    assert judge(machine, "socket", socket.AF_UNIX, unix_sockets=True) == ALLOW
    assert judge(machine, "socket", socket.AF_INET, unix_sockets=True) == REFUSED
    assert judge(machine, "connect", unix_sockets=True) == REFUSED


@pytest.mark.parametrize("machine", MACHINES)
def test_reading_and_the_rest_is_allowed(machine):
    assert judge(machine, {"x86_64": 0, "aarch64": 63}[machine]) == ALLOW


def test_calls_of_another_architecture_end_the_process():
    program = build_filter(machine="x86_64", own_pid=None, unix_sockets=False)
    assert verdict(program, 0, architecture=0x40000003) == KILL


def test_a_machine_that_the_table_does_not_know_is_refused():
    with pytest.raises(OSError, match="knows x86_64 and aarch64, not riscv64"):
        build_filter(machine="riscv64", own_pid=None, unix_sockets=False)
