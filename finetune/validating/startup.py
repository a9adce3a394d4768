"""What a validator needs before its first round, looked at all at once. Each function gives sentences, one a fault.

Nothing is changed and nothing is loaded: what is missing is listed, so that an operator mends all of it in one go.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from competitions.files import CatalogError
from competitions.schedule import Catalog, load_catalog
from finetune.chain.port import Chain, Signer
from finetune.errors import ChainError, SetupError
from finetune.hub.architectures import ARCHITECTURES
from finetune.streams.registry import STREAMS

GIB = 1 << 30


def check_catalog(folder: Path, block: int) -> tuple[Catalog | None, list[str]]:
    """The catalog in a folder, and what keeps its competitions from being played from `block` on."""
    try:
        catalog = load_catalog(folder)
    except CatalogError as error:
        return None, [str(error)]
    faults = []
    for one in catalog.competitions:
        if one.last_block is not None and one.last_block < block:
            continue
        if not one.pinned:
            faults.append(f"competition {one.id} is not pinned; run scripts/pin_competition.py on its file")
        unknown = sorted(set(one.constraints.architectures) - ARCHITECTURES.keys())
        faults += [f"competition {one.id} allows {name}, which cannot be loaded here" for name in unknown]
        missing = sorted({task.stream for task in one.tasks} - STREAMS.keys())
        faults += [f"competition {one.id} draws from a stream {name}, which is not known here" for name in missing]
    return catalog, faults


def check_registration(chain: Chain, hotkey: Signer) -> list[str]:
    """Whether the hotkey has a uid and may set weights."""
    try:
        neuron = chain.metagraph().by_hotkey.get(hotkey.ss58_address)
    except ChainError as error:
        return [f"the chain cannot be read: {error}"]
    if neuron is None:
        return [f"hotkey {hotkey.ss58_address} is not registered on the subnet; register it first"]
    if not neuron.validator_permit:
        return [f"hotkey {hotkey.ss58_address} (uid {neuron.uid}) has no validator permit yet; it needs more stake"]
    return []


def check_disk(folder: Path, quota_bytes: int) -> list[str]:
    """Whether the folder can be made, and its disk has room for the models' quota."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        usage = shutil.disk_usage(folder)
    except OSError as error:
        return [f"{folder} cannot be used: {error.strerror}"]
    held = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if usage.free + held < quota_bytes:
        return [
            f"{folder} has {usage.free / GIB:.0f} GiB free; the quota of {quota_bytes / GIB:.0f} GiB does not fit: "
            "lower --quota_gb or choose another --model_dir"
        ]
    return []


def check_device(device: str) -> list[str]:
    """Whether torch sees the device."""
    import torch

    there: dict[str, Callable[[], bool]] = {
        "cpu": lambda: True,
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
    }
    if device not in there:
        return [f"there is no device {device!r}; choose cpu, cuda or mps"]
    return [] if there[device]() else [f"torch sees no {device} here; check the driver, or choose --device cpu"]


def refuse(faults: list[str]) -> None:
    """Raise `SetupError` that lists all faults, if there are any."""
    if faults:
        raise SetupError("this validator cannot start:\n" + "\n".join(f"  - {fault}" for fault in faults))
