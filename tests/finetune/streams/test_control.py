"""The control: what a machine checks itself on is always the same, and never a round's."""

from dataclasses import replace
from pathlib import Path

import pytest

from competitions.competition import Competition, Task
from competitions.files import read_competition
from finetune.evals.registry import METHODS
from finetune.streams.control import control_samples
from finetune.streams.drawing import draw_samples
from finetune.streams.registry import open_stream
from finetune.streams.sources import Window


@pytest.fixture
def competition() -> Competition:
    return read_competition(Path("competitions/rehearsal/tiny.toml"))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_control_samples_that_it_can_score(competition, method: str):
    tasks = (Task(name="ONE", method=method, stream="hub_text", weight=1.0, options={"repository": "a/b"}),)
    samples = control_samples(replace(competition, tasks=tasks), 8, open_stream)
    assert len(samples) == 8
    assert all(isinstance(one.sample, METHODS[method].scores) for one in samples)


def test_control_samples_are_always_the_same_and_never_a_rounds(competition):
    control = control_samples(competition, 4, open_stream)
    assert len(control) == 4
    assert control == control_samples(competition, 8, open_stream)[:4]
    assert not {one.sample for one in control} & {
        one.sample for one in draw_samples(competition, bytes(32), open_stream, Window(start=0.0, end=1.0)).samples
    }
