"""What a process needs before it begins, looked at all at once. Each check gives sentences, one a fault.

Nothing is loaded and nothing is sent: what is missing is listed, so that whoever started it mends all of it in one go.
"""

import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from finetune.chain.port import Chain, Signer
from finetune.errors import FinetuneError, HubRefused, HubUnavailable, SetupError
from finetune.hub.client import HubClient

GB = 10**9
# The folders under --model_dir that the quota is about: models of validators and of miners, and files of datasets.
CACHES = ("cache", "fetched", "datasets")


@contextmanager
def noting(faults: list[str]) -> Iterator[None]:
    """Adds the text of our error that ends the block, if one does, to the faults; the checks after it go on."""
    try:
        yield
    except FinetuneError as error:
        faults.append(str(error))


def refuse(faults: list[str], who: str) -> None:
    """Raise `SetupError` that lists all faults, if there are any; a single one as it is."""
    if len(faults) == 1:
        raise SetupError(faults[0])
    if faults:
        raise SetupError(f"this {who} cannot start:\n" + "\n".join(f"  - {fault}" for fault in faults))


def check_registration(chain: Chain, hotkey: Signer) -> list[str]:
    """Whether the hotkey has a uid. Raises `ChainError`."""
    if hotkey.ss58_address in chain.metagraph().by_hotkey:
        return []
    return [f"hotkey {hotkey.ss58_address} is not registered on the subnet; register it first"]


def check_token_reads(hub: HubClient, token: str | None) -> list[str]:
    """Whether the hub knows the token, if there is one: strangers may read what is public, without any.

    A hub that does not answer is no fault: whoever only reads waits for it.
    """
    if not token:
        return []
    try:
        hub.token()
    except HubUnavailable:
        return []
    except HubRefused as error:
        return [f"{error}; give another, or none: what is public needs no token"]
    return []


def check_token_writes(hub: HubClient, token: str | None, repository: str) -> list[str]:
    """Whether the token may make and change the repository. Raises `HubError`."""
    if not token:
        return ["HF_TOKEN is not set; publishing needs a token of the role write"]
    return [fault] if (fault := hub.token().fault(repository)) else []


def check_disk(folder: Path, quota_bytes: int) -> list[str]:
    """Whether the folder can be made, and its disk has room for the quota, what its caches hold already included."""
    if quota_bytes <= 0:
        return [f"--quota_gb is {quota_bytes / GB:g}; it must be at least 1"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        room = free + _held(folder, enough=quota_bytes - free)
    except OSError as error:
        return [f"{folder} cannot be used: {error.strerror}"]
    if room < quota_bytes:
        return [
            f"{folder} has {room / GB:.0f} GB free, its caches included; the quota of {quota_bytes / GB:.0f} GB does "
            "not fit: lower --quota_gb or choose another --model_dir"
        ]
    return []


def _held(folder: Path, *, enough: int) -> int:
    """The bytes that the caches in a folder hold, counted no further than to `enough`. Raises `OSError`."""
    held = 0
    for cache, depth in product(CACHES, ("*/*", "*/*/*")):
        for path in (folder / cache).glob(depth):
            if held >= enough:
                return held
            status = path.lstat()
            held += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return held


def check_device(device: str) -> list[str]:
    """Whether torch sees the device."""
    if device == "cpu":
        return []
    import torch

    there: dict[str, Callable[[], bool]] = {
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
    }
    if device not in there:
        return [f"there is no device {device!r}; choose cpu, cuda or mps"]
    return [] if there[device]() else [f"torch sees no {device} here; check the driver, or choose --device cpu"]
