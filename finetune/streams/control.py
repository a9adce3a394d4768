"""Samples that never change, from generated streams: what a machine checks itself on. It knows no known loss."""

from dataclasses import replace

from competitions.competition import Competition, Task
from competitions.seeds import CONTROL_SEED
from finetune.streams.drawing import TaskSample, draw_samples
from finetune.streams.registry import OpenStream
from finetune.streams.sources import Window

# By method: streams that need nothing from outside.
CONTROL_STREAMS = {
    "reference": "word_sorting",
    "text": "word_sorting",
    "multiple_choice": "synthetic_facts",
    "preference": "preference_pairs",
    "ifeval": "ifeval_prompts",
}
_NO_TIME = Window(start=0.0, end=0.0)


def generated(task: Task) -> Task:
    """The task with the stream that stands in for its own where nothing may be asked of anybody."""
    return replace(task, stream=CONTROL_STREAMS[task.method], options={})


def control_samples(competition: Competition, count: int, open_stream: OpenStream) -> tuple[TaskSample, ...]:
    """The samples on which the reference's losses are known: of the competition's methods, from generated streams."""
    tasks = tuple(map(generated, competition.tasks))
    return draw_samples(replace(competition, tasks=tasks), CONTROL_SEED, open_stream, _NO_TIME).samples[:count]
