"""The files that any child needs: Python, the system's libraries, our packages, the graphics card. It opens none."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import competitions

_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"),
    *("/sys/devices/system/cpu", "/sys/devices/system/node"),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
# What the driver asks the system about a card, and the nodes it talks to (/dev/dxg: Windows' Linux).
_CUDA_SYSTEM = ("/sys",)
_CUDA_DEVICES = ("nvidia*", "dxg")
# In bubblewrap a child has a /proc of its own. Elsewhere these parts of the host's are enough: they name no process.
PROC = (
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/sys/vm"),
    *("/proc/devices", "/proc/modules", "/proc/driver"),
)


def readable_paths(*, device: str, extra: Iterable[Path]) -> tuple[Path, ...]:
    """Every file and folder to be read: the system's, Python's, this project's packages, and `extra`.

    Absolute, each also with its links followed; none lies in another of them. Some of the system's may not be there.
    """
    packages = (Path(__file__).parents[1], Path(competitions.__path__[0]))
    prefixes = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
    named = [
        *map(Path, (*_SYSTEM, *(_CUDA_SYSTEM if device == "cuda" else ()), *prefixes)),
        *_links(Path(sys.executable)),
        *packages,
        *extra,
    ]
    return _outermost(path for one in named for path in (one.absolute(), one.resolve()))


def device_paths(*, device: str) -> tuple[Path, ...]:
    """Every device to be read and written."""
    cards = sorted(path for glob in _CUDA_DEVICES for path in Path("/dev").glob(glob)) if device == "cuda" else []
    return (*map(Path, _DEVICES), *cards)


def _links(program: Path) -> Iterator[Path]:
    """`program`, what it links to, what that links to, up to the file itself."""
    yield program
    while program.is_symlink():
        program = program.parent / program.readlink()
        yield program


def _outermost(paths: Iterable[Path]) -> tuple[Path, ...]:
    kept: list[Path] = []
    for path in sorted(set(paths)):
        if not any(path.is_relative_to(one) for one in kept):
            kept.append(path)
    return tuple(kept)
