"""Landlock: the files this process may still reach (linux/landlock.h). It chooses none of them."""

import ctypes
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from finetune.isolation.syscalls import call

_VERSION = 1
_RULE_PATH_BENEATH = 1
# Rights to files, one bit each, as the versions of the interface brought them: 13, then REFER, TRUNCATE, IOCTL_DEV.
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE, _IOCTL = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_USE = _WRITE_FILE | _READ_FILE | _READ_DIR | _TRUNCATE | _IOCTL
_BIND_AND_CONNECT_TCP = 3  # from version 4
_ABSTRACT_SOCKETS_AND_SIGNALS = 3  # from version 6


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


def interface_version() -> int:
    """The version of Landlock that the kernel speaks, 1 or more.

    Raises:
        OSError: it speaks none.
    """
    return call("landlock_create_ruleset", None, 0, _VERSION)


def restrict(*, readable: Sequence[Path], usable: Sequence[Path], version: int) -> None:
    """Take from this process, for good, every file but these. `no_new_privs` must be set. Paths not there are skipped.

    Args:
        readable: files and folders, with all below them, that may be read.
        usable: devices that may be read, written and controlled.
        version: of the interface, at most what `interface_version` says.

    Raises:
        OSError: the kernel refused it.
    """
    rights = max(mask for since, mask in _FILE_RIGHTS.items() if since <= version)
    ruleset = call(
        "landlock_create_ruleset",
        _Ruleset(
            rights,
            _BIND_AND_CONNECT_TCP if version >= 4 else 0,
            _ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0,
        ),
        ctypes.sizeof(_Ruleset),
        0,
    )
    for path in readable:
        _allow(ruleset, path, _READ)
    for path in usable:
        _allow(ruleset, path, rights & _USE)
    call("landlock_restrict_self", ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    if not path.is_dir():
        rights &= ~_READ_DIR
    with suppress(FileNotFoundError):
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            call("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, _PathBeneath(rights, handle), 0)
        finally:
            os.close(handle)
