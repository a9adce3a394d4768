"""The living processes of one process group, read from /proc. On a system without /proc there are none to be seen."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def living(group: int) -> Iterator[int]:
    """The process ids of `group`, without those that have ended and wait to be collected."""
    for folder in _PROC.glob("[0-9]*"):
        # A process may end while it is read.
        with suppress(OSError):
            # "PID (NAME) STATE PARENT GROUP ...", and a name may hold anything, a bracket too.
            state, _, its_group = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                yield int(folder.name)


def memory_bytes(group: int) -> int:
    """Memory of the whole group that the kernel cannot take back: resident, less the pages of mapped files."""
    kibibytes = 0
    for process in living(group):
        with suppress(OSError):
            for line in (_PROC / str(process) / "status").read_text(errors="replace").splitlines():
                if line.startswith(("RssAnon:", "RssShmem:")):
                    kibibytes += int(line.split()[1])
    return kibibytes * 1024
