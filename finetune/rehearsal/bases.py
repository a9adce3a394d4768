"""The base model of a rehearsal, and where its miners' practice samples come from."""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from competitions.competition import Competition, Task
from competitions.seeds import draw_seed
from finetune.mining.practice import practice_samples
from finetune.mining.smollm2 import fetch_smollm2
from finetune.mining.text import fetch_text
from finetune.mining.tiny import build_tiny
from finetune.mining.train import train
from finetune.rehearsal.cast import Cast
from finetune.rehearsal.samples import past
from finetune.rehearsal.world import World
from finetune.streams.registry import open_stream
from finetune.streams.sample import AnySample


@dataclass(frozen=True, kw_only=True)
class Base:
    """The base's folder; options for the competition's stream, where a machine's own path belongs in them.

    `practice` gives a miner's samples by its seed; without it they are drawn from the competition's own stream.
    """

    folder: Path
    stream_options: Mapping[str, object] = field(default_factory=dict)
    practice: Callable[[int], Iterator[AnySample]] | None = None


def prepare_base(cast: Cast, world: World, competition: Competition, say: Callable[[str], None]) -> Base:
    """Build the tiny base, and school it where the cast says so; or fetch the real one with its text.

    Of the text, nobody trains on the hidden half.

    What is fetched is kept beside the rehearsal's folder for the next one. Raises `SetupError`.
    """
    folder = world.out / "models" / "base"
    folder.parent.mkdir()
    if cast.base == "tiny-llama":
        if cast.schooling is None:
            build_tiny(folder, seed=world.seed)
            return Base(folder=folder)
        say("schooling the base")
        unschooled = folder.with_name("unschooled")
        build_tiny(unschooled, seed=world.seed)
        lessons = partial(_lessons, cast, world, competition)
        train(unschooled, folder, lessons(cast.schooling.seed), cast.schooling)
        return Base(folder=folder, practice=lessons)
    cache = world.out.absolute().parent / "fetched"
    cache.mkdir(exist_ok=True)
    if not any(cache.iterdir()):
        say(f"fetching SmolLM2-135M and English text into {cache}: 100 MB, about a minute, this first time only")
    shutil.copytree(fetch_smollm2(cache), folder)
    halves = fetch_text(cache)
    training = open_stream("text_lines", _options(halves.training))

    def practice(seed: int) -> Iterator[AnySample]:
        secret = hashlib.sha256(f"practice {seed}".encode()).digest()
        draw = 0
        while True:
            yield training.draw(draw_seed(secret, 0, "practice", draw))
            draw += 1

    return Base(folder=folder, stream_options=_options(halves.hidden), practice=practice)


def _lessons(cast: Cast, world: World, competition: Competition, seed: int) -> Iterator[AnySample]:
    """What the base is schooled on: the competition's own streams, or those that the cast names, in turn."""
    if not cast.lessons:
        return practice_samples(competition, seed, open_stream, past(world.chain))
    weight = 1 / len(cast.lessons)
    tasks = (Task(name=name.upper(), method="reference", stream=name, weight=weight) for name in cast.lessons)
    return practice_samples(replace(competition, tasks=tuple(tasks)), seed, open_stream, past(world.chain))


def _options(file: Path) -> dict[str, object]:
    """The options of a `text_lines` stream over a file: it is pinned by its digest."""
    return {"path": str(file), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
