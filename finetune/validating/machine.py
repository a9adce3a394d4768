"""What a validator runs on: the class of its device and the versions that figures may depend on."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    *("finetune-subnet", "torch", "transformers", "tokenizers", "safetensors", "peft", "numpy", "pyarrow"),
    *("huggingface_hub", "bittensor"),
)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """`device` is a kind and a class, such as "cpu x86_64" or "cuda NVIDIA H200"; `versions` are by package."""

    device: str
    versions: Mapping[str, str]


def this_machine(device: str = "cpu") -> Machine:
    """The machine that this is, scoring on "cpu", "cuda" or "mps"; torch must see the device."""
    name = platform.machine()
    if device == "cuda":
        import torch

        name = torch.cuda.get_device_name()
    return Machine(device=f"{device} {name}", versions={"python": platform.python_version(), **_versions()})


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
