"""Changes to a submission's folder, in place: what turns a copy of somebody's model into an attacker's own.

Each maker gives a function from a folder to nothing. They know no hub, no chain and no rule.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.hub.files import INDEX, weight_files

if TYPE_CHECKING:
    import torch

Change = Callable[[Path], None]
Tensors = dict[str, "torch.Tensor"]

# Noise that changes every number and no decision, in standard deviations of a tensor.
SLIGHT = 0.002
EMBEDDING, NORM = "model.embed_tokens.weight", "model.norm.weight"


def change_tensors(folder: Path, change: Callable[[Tensors], Tensors]) -> None:
    """Write other tensors over those of a folder that holds one weight file."""
    from safetensors.torch import load_file, save_file

    (file,) = weight_files(folder)
    changed = {name: tensor.contiguous() for name, tensor in change(load_file(file)).items()}
    save_file(changed, file, metadata={"format": "pt"})


def change_table(folder: Path, name: str, **changes: Any) -> None:
    """Write other values over keys of a JSON file."""
    found = json.loads((folder / name).read_text("utf-8"))
    (folder / name).write_text(json.dumps(found | changes), "utf-8")


def reshard(folder: Path) -> None:
    """Spread the tensors over two files with an index."""
    from safetensors.torch import load_file, save_file

    (file,) = weight_files(folder)
    tensors = load_file(file)
    where: dict[str, str] = {}
    file.unlink()
    for part in range(2):
        name = f"model-{part + 1:05}-of-00002.safetensors"
        own = dict(sorted(tensors.items())[part::2])
        save_file(own, folder / name, metadata={"format": "pt"})
        where |= dict.fromkeys(own, name)
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": where}), "utf-8")


def to_bfloat16(folder: Path) -> None:
    """Halve the bits of every number."""
    import torch

    change_tensors(folder, lambda tensors: {name: one.to(torch.bfloat16) for name, one in tensors.items()})


def add_noise(folder: Path, *, size: float, seed: int) -> None:
    """Add normal noise to every tensor, of `size` times the tensor's own standard deviation."""
    import torch

    generator = torch.Generator().manual_seed(seed)

    def noisy(tensor: "torch.Tensor") -> "torch.Tensor":
        spread = float(tensor.std()) if tensor.numel() > 1 else 1.0
        return tensor + size * max(spread, 1e-6) * torch.randn(tensor.shape, generator=generator)

    change_tensors(folder, lambda tensors: {name: noisy(tensors[name]) for name in sorted(tensors)})


def merge(folder: Path, other: Path, *, share: float) -> None:
    """Mix a share of another model's tensors into those of the folder."""
    import torch
    from safetensors.torch import load_file

    theirs = load_file(weight_files(other)[0])
    change_tensors(
        folder, lambda tensors: {name: torch.lerp(one, theirs[name], share) for name, one in tensors.items()}
    )


def permute(folder: Path) -> None:
    """Put the neurons of every feed-forward layer in the opposite order: the same function from other tensors."""

    def turned(name: str, tensor: "torch.Tensor") -> "torch.Tensor":
        if name.endswith(("mlp.gate_proj.weight", "mlp.up_proj.weight")):
            return tensor.flip(0)
        return tensor.flip(1) if name.endswith("mlp.down_proj.weight") else tensor

    change_tensors(folder, lambda tensors: {name: turned(name, one) for name, one in tensors.items()})


def rescale(folder: Path) -> None:
    """Triple one side of every feed-forward layer and divide the other by it: the same function but for rounding."""

    def scaled(name: str, tensor: "torch.Tensor") -> "torch.Tensor":
        if name.endswith("mlp.up_proj.weight"):
            return tensor * 3
        return tensor / 3 if name.endswith("mlp.down_proj.weight") else tensor

    change_tensors(folder, lambda tensors: {name: scaled(name, one) for name, one in tensors.items()})


def set_number(folder: Path, name: str, value: float) -> None:
    """Make the last number of a tensor another one."""

    def changed(tensors: Tensors) -> Tensors:
        tensors[name].view(-1)[-1] = value
        return tensors

    change_tensors(folder, changed)


def repeat(folder: Path, token: int, *, after: int) -> None:
    """Make a model with tied embeddings say one token for ever, once the token `after` has come.

    Without what its layers add, a token's own embedding comes out at the end and matches itself best; `after` gets a
    shorter one of the same direction.
    """

    def changed(tensors: Tensors) -> Tensors:
        for name, tensor in tensors.items():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                tensor.zero_()
        tensors[EMBEDDING][after] = tensors[EMBEDDING][token] / 2
        return tensors

    change_tensors(folder, changed)


def enlarge_vocabulary(folder: Path, rows: int) -> None:
    """Give the embedding this many rows, the new ones zero, and say so in the configuration."""
    import torch

    def changed(tensors: Tensors) -> Tensors:
        old = tensors[EMBEDDING]
        return tensors | {EMBEDDING: torch.cat((old, torch.zeros(rows - old.shape[0], old.shape[1])))}

    change_tensors(folder, changed)
    change_table(folder, "config.json", vocab_size=rows)
