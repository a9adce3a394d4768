"""Training samples from a competition's own streams, by seeds of the miner's own: no round ever draws them."""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping

from competitions.batches import plan
from competitions.competition import Competition
from competitions.seeds import draw_seed
from finetune.streams.sample import AnySample, Stream


def practice_samples(
    competition: Competition, seed: int, open_stream: Callable[[str, Mapping[str, object]], Stream]
) -> Iterator[AnySample]:
    """Samples without end, in the proportions of the competition's tasks. Raises `StreamError`."""
    streams = {task.name: open_stream(task.stream, task.options) for task in competition.tasks}
    secret = hashlib.sha256(f"practice {seed}".encode()).digest()
    for draw, task in enumerate(itertools.cycle(plan(competition))):
        yield streams[task.name].draw(draw_seed(secret, competition.id, task.name, draw))
