"""Looks for secrets where others can see them: what a process says and writes, its command line, its children."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def wallet_secrets(wallets: Path) -> dict[str, bytes]:
    """The seeds, phrases and private keys of every wallet, by file and name."""
    found = {}
    for path in wallets.rglob("*"):
        with suppress(ValueError, OSError):
            kept = json.loads(path.read_bytes())
            for name in ("secretSeed", "secretPhrase", "privateKey"):
                if kept.get(name):
                    found[f"{path.name}/{name}"] = str(kept[name]).removeprefix("0x").encode()
    return found


def living() -> dict[int, int]:
    """All living processes, each with its parent."""
    parents = {}
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):
            state, parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(folder.name)] = int(parent)
    return parents


def descendants(pid: int) -> list[int]:
    """The living processes that a process has started, and those that these have."""
    parents, found = living(), [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def shown_by(pid: int) -> Iterator[tuple[str, bytes]]:
    """What the system shows of a process and its descendants to others; of these the environment too."""
    for one in (pid, *descendants(pid)):
        for name in ("cmdline", "comm", *(["environ"] if one != pid else [])):
            with suppress(OSError):
                yield f"{name} of process {one}", (PROC / str(one) / name).read_bytes()


def written_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()


def leaks(secrets: Mapping[str, bytes], places: Iterator[tuple[str, bytes]]) -> list[str]:
    """Which secret stands where."""
    return [f"{name} in {place}" for place, content in places for name, secret in secrets.items() if secret in content]
