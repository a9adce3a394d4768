"""The base model of a rehearsal, and where its miners' practice samples come from."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from finetune.mining.tiny import build_tiny
from finetune.rehearsal.cast import Cast
from finetune.rehearsal.world import World
from finetune.streams.sample import Sample


@dataclass(frozen=True, kw_only=True)
class Base:
    """The base's folder; options for the competition's stream, where a machine's own path belongs in them.

    `practice` gives a miner's samples by its seed; without it they are drawn from the competition's own stream.
    """

    folder: Path
    stream_options: Mapping[str, object] = field(default_factory=dict)
    practice: Callable[[int], Iterator[Sample]] | None = None


def prepare_base(cast: Cast, world: World, say: Callable[[str], None]) -> Base:
    """Build the tiny base, or fetch the real one and split its text. Raises `SetupError`."""
    folder = world.out / "models" / "base"
    folder.parent.mkdir()
    if cast.base == "tiny-llama":
        build_tiny(folder, seed=world.seed)
        return Base(folder=folder)
    raise NotImplementedError
