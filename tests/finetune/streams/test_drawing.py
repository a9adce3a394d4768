"""Drawing: from a block's hash to the same samples for every validator."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from competitions.batches import plan
from competitions.competition import Competition, Round, Task
from competitions.files import read_competition
from finetune.errors import StreamError
from finetune.streams.drawing import draw_samples
from finetune.streams.registry import open_stream
from finetune.streams.sample import Sample
from finetune.streams.sources import Window

SEED = bytes(range(32))
WINDOW = Window(start=1000.0, end=2000.0)


class FewDocuments:
    """A stream of `count` documents."""

    def __init__(self, count: int) -> None:
        self.count = count

    def draw(self, seed: bytes) -> Sample:
        number = int.from_bytes(seed, "big") % self.count
        return Sample(messages=(), reference=f"text {number}", document=str(number))


@pytest.fixture
def two_tasks() -> Competition:
    """Two tasks of one stream, 3 to 1, over 20 batches of 3."""
    tasks = (
        Task(name="SHORT", method="reference", stream="word_sorting", weight=0.75, options={"max_words": 5}),
        Task(name="LONG", method="reference", stream="word_sorting", weight=0.25),
    )
    competition = read_competition(Path("competitions/rehearsal/tiny.toml"))
    return replace(competition, tasks=tasks, round=Round(sync_blocks=20, eval_delay=5, batches=20, batch_size=3))


def test_the_same_seed_gives_every_validator_the_same_samples(two_tasks):
    first, second = (draw_samples(two_tasks, SEED, open_stream, WINDOW).samples for _ in range(2))
    assert first == second


def test_another_seed_or_competition_gives_other_samples(two_tasks):
    drawn = {
        tuple(one.sample for one in draw_samples(competition, seed, open_stream, WINDOW).samples)
        for seed in (SEED, bytes(32))
        for competition in (two_tasks, replace(two_tasks, id=2))
    }
    assert len(drawn) == 4


def test_every_batch_is_of_one_task_in_the_order_of_the_plan(two_tasks):
    samples = draw_samples(two_tasks, SEED, open_stream, WINDOW).samples
    assert [one.task for one in samples] == [task for task in plan(two_tasks) for _ in range(3)]
    assert Counter(one.task.name for one in samples) == {"SHORT": 45, "LONG": 15}


def test_no_document_is_drawn_twice_in_a_round_even_by_two_tasks_of_one_stream(two_tasks):
    samples = draw_samples(two_tasks, SEED, lambda name, options, window: FewDocuments(61), WINDOW).samples
    assert len({one.sample.document for one in samples}) == len(samples) == 60


def test_a_stream_too_small_for_a_round_is_an_error_that_names_it(two_tasks):
    with pytest.raises(StreamError, match="stream word_sorting has only 59 documents for 20 batches of 3"):
        draw_samples(two_tasks, SEED, lambda name, options, window: FewDocuments(59), WINDOW)


def test_rows_that_were_passed_over_are_counted_by_task_and_generated_streams_have_none(two_tasks):
    def opened(name, options, window):
        stream = FewDocuments(1000)
        if options:
            stream.skipped = Counter({"not a text": 2})
        return stream

    assert draw_samples(two_tasks, SEED, opened, WINDOW).skipped == {"SHORT": {"not a text": 2}}
