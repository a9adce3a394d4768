"""The system call filter of a walled child, as a classic BPF program (seccomp_data in linux/seccomp.h).

Everything else works: PyTorch, threads, reading. What is refused is what reaches other processes, the network, or what
Landlock does not watch. One refusal carries many: with no new process there is no fork bomb, no daemon that escapes a
kill, no memory that is not counted. Written here and not with libseccomp, because calls newer than the table must be
refused too: libseccomp has a rule for a call, not for all above a number.

It knows no paths and no levels.
"""

import ctypes
import errno
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from finetune.isolation.syscalls import NEWEST_KNOWN, call, number

DENIED = (
    # New processes, and leaving the process group that is killed.
    *("fork", "vfork", "setsid", "setpgid"),
    # The network, and sockets of the host reached by a path or an abstract name. io_uring makes calls no filter sees.
    *("connect", "sendto", "sendmsg", "sendmmsg", "io_uring_setup"),
    # Other processes of the same user: their signals, memory, files, limits and share of the processor.
    *("kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal", "pidfd_open", "pidfd_getfd"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "kcmp"),
    *("setpriority", "ioprio_set", "sched_setattr", "sched_setparam", "sched_setscheduler"),
    *("migrate_pages", "move_pages"),
    # Changes to files that Landlock does not watch, or watches only on newer kernels.
    *("chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat", "truncate", "creat"),
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
    *("utime", "utimes", "futimesat", "utimensat", "open_by_handle_at"),
    # Memory and messages shared between processes without a file, and memory that nothing counts.
    *("shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl"),
    *("msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink", "memfd_secret"),
    # The user's keys, and parts of the kernel that no scorer needs.
    *("add_key", "keyctl", "request_key", "bpf", "perf_event_open", "userfaultfd"),
    # Namespaces and mounts.
    *("mount", "umount2", "pivot_root", "chroot", "unshare", "setns"),
    *("open_tree", "move_mount", "fsopen", "fspick", "mount_setattr"),
)
# Their arguments lie behind a pointer, which a filter cannot follow. At this answer libraries use the older calls.
ABSENT = ("clone3", "openat2")

_ALL_BITS = 0xFFFF_FFFF
_CLONE_THREAD = 0x0001_0000
_PR_SET_PDEATHSIG = 1
_F_SETOWN, _F_SETOWN_EX, _F_SETLEASE, _F_NOTIFY = 8, 15, 1024, 1026
_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP = 0x5412, 0x541C, 0x8901, 0x8902


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """One argument decides: `values` are the only ones allowed, or the only ones denied. Low 32 bits, after `mask`."""

    argument: int
    values: tuple[int, ...]
    mask: int = _ALL_BITS
    allowed: bool


def _rules(*, own_pid: int | None, unix_sockets: bool) -> dict[str, _Rule]:
    # An old Landlock lets a file be emptied without the right to write it: O_TRUNC with access mode 0 or 3.
    access, emptying = os.O_TRUNC | os.O_ACCMODE, (os.O_TRUNC, os.O_TRUNC | os.O_ACCMODE)
    families = (int(socket.AF_UNIX),)
    rules = {
        "clone": _Rule(argument=0, mask=_CLONE_THREAD, values=(_CLONE_THREAD,), allowed=True),
        "socket": _Rule(argument=0, values=families if unix_sockets else (), allowed=True),
        "socketpair": _Rule(argument=0, values=families, allowed=True),
        "open": _Rule(argument=1, mask=access, values=emptying, allowed=False),
        "openat": _Rule(argument=2, mask=access, values=emptying, allowed=False),
        "prctl": _Rule(argument=0, values=(_PR_SET_PDEATHSIG,), allowed=False),
        "prlimit64": _Rule(argument=0, values=(0,), allowed=True),
        "sched_setaffinity": _Rule(argument=0, values=(0,), allowed=True),
        # Signals, leases and keystrokes by way of a file descriptor.
        "fcntl": _Rule(argument=1, values=(_F_SETOWN, _F_SETOWN_EX, _F_SETLEASE, _F_NOTIFY), allowed=False),
        "ioctl": _Rule(argument=1, values=(_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP), allowed=False),
    }
    if own_pid is not None:
        rules["tgkill"] = _Rule(argument=0, values=(own_pid,), allowed=True)
    return rules


_ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_JUMP_EQUAL, _JUMP_GREATER = 0x15, 0x25
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
_OFFSET_NUMBER, _OFFSET_ARCHITECTURE, _OFFSET_ARGUMENTS = 0, 4, 16

_Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false (both count instructions skipped), operand


def _answer(verdict: int) -> _Instruction:
    return (_RETURN, 0, 0, verdict)


def _for_call(call_number: int, body: Sequence[_Instruction]) -> list[_Instruction]:
    """`body`, which ends with an answer, for this call alone."""
    return [(_JUMP_EQUAL, 0, len(body), call_number), *body]


def _by_argument(rule: _Rule) -> list[_Instruction]:
    refused = _answer(_ERRNO | errno.EPERM)
    matched, other = (_answer(_ALLOW), refused) if rule.allowed else (refused, _answer(_ALLOW))
    count = len(rule.values)
    comparisons = [(_JUMP_EQUAL, count - i, 0, value) for i, value in enumerate(rule.values)]
    # Both supported machines are little-endian: the low half of a 64-bit argument comes first.
    return [(_LOAD, 0, 0, _OFFSET_ARGUMENTS + 8 * rule.argument), (_AND, 0, 0, rule.mask), *comparisons, other, matched]


def build_filter(*, machine: str, own_pid: int | None, unix_sockets: bool) -> bytes:
    """The program, as an array of `struct sock_filter`.

    Args:
        machine: "x86_64" or "aarch64".
        own_pid: the only process that may be signalled; None where no other can be seen.
        unix_sockets: allow making (not connecting) local sockets, as the CUDA driver does.

    Raises:
        OSError: another machine.
    """
    bodies = {name: [_answer(_ERRNO | errno.EPERM)] for name in DENIED}
    bodies |= {name: [_answer(_ERRNO | errno.ENOSYS)] for name in ABSENT}
    bodies |= {name: _by_argument(r) for name, r in _rules(own_pid=own_pid, unix_sockets=unix_sockets).items()}
    numbered = [(number(name, machine=machine), body) for name, body in bodies.items()]
    program = [
        (_LOAD, 0, 0, _OFFSET_ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        _answer(_KILL_PROCESS),
        (_LOAD, 0, 0, _OFFSET_NUMBER),
        # Also every call of the x32 interface, whose numbers have a high bit.
        (_JUMP_GREATER, 0, 1, NEWEST_KNOWN),
        _answer(_ERRNO | errno.ENOSYS),
        *(step for call_number, body in numbered if call_number is not None for step in _for_call(call_number, body)),
        _answer(_ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


_SET_MODE_FILTER = 1
# Without it, kernels before 5.16 slow every filtered process by a speculation guard that only shared secrets need.
_FLAG_SPEC_ALLOW = 4


def install_filter(program: bytes) -> None:
    """Put this process under `program` for good. `no_new_privs` must be set.

    Raises:
        OSError: the kernel refused it.
    """
    buffer = ctypes.create_string_buffer(program, len(program))
    call("seccomp", _SET_MODE_FILTER, _FLAG_SPEC_ALLOW, _Program(len(program) // 8, ctypes.addressof(buffer)))
