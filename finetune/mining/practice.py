"""Training samples from a competition's own streams, by seeds of the miner's own: no round ever draws them."""

import hashlib
import itertools
from collections.abc import Iterator

from competitions.batches import plan
from competitions.competition import Competition
from competitions.seeds import draw_seed
from finetune.streams.registry import OpenStream
from finetune.streams.sample import AnySample
from finetune.streams.sources import Window


def practice_samples(
    competition: Competition, seed: int, open_stream: OpenStream, window: Window
) -> Iterator[AnySample]:
    """Samples without end, in the proportions of the competition's tasks.

    `window` is the time to draw from: for remote streams, one that has passed. Raises `StreamError`.
    """
    streams = {task.name: open_stream(task.stream, task.options, window) for task in competition.tasks}
    secret = hashlib.sha256(f"practice {seed}".encode()).digest()
    for draw, task in enumerate(itertools.cycle(plan(competition))):
        yield streams[task.name].draw(draw_seed(secret, competition.id, task.name, draw))
