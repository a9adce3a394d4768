"""Sample: from a block's hash to the same samples for every validator."""

from collections import Counter
from dataclasses import replace

import pytest

from competitions.batches import plan
from competitions.competition import Round, Task
from finetune.errors import StreamError
from finetune.evals.registry import METHODS
from finetune.streams.registry import open_stream
from finetune.streams.sample import Sample
from finetune.streams.sources import Window
from finetune.validating.sample import control_samples, draw_samples, samples_digest

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
def two_tasks(competition):
    """Two tasks of one stream, 3 to 1, over 20 batches of 3."""
    tasks = (
        Task(name="SHORT", method="reference", stream="word_sorting", weight=0.75, options={"max_words": 5}),
        Task(name="LONG", method="reference", stream="word_sorting", weight=0.25),
    )
    return replace(competition, tasks=tasks, round=Round(sync_blocks=20, eval_delay=5, batches=20, batch_size=3))


def test_the_same_seed_gives_every_validator_the_same_samples(two_tasks):
    first, second = (draw_samples(two_tasks, SEED, open_stream, WINDOW).samples for _ in range(2))
    assert first == second
    assert samples_digest(first) == samples_digest(second)


def test_another_seed_or_competition_gives_other_samples(two_tasks):
    digests = {
        samples_digest(draw_samples(competition, seed, open_stream, WINDOW).samples)
        for seed in (SEED, bytes(32))
        for competition in (two_tasks, replace(two_tasks, id=2))
    }
    assert len(digests) == 4


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


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_control_samples_that_it_can_score(two_tasks, method: str):
    tasks = (Task(name="ONE", method=method, stream="hub_text", weight=1.0, options={"repository": "a/b"}),)
    samples = control_samples(replace(two_tasks, tasks=tasks), 8, open_stream)
    assert len(samples) == 8
    assert all(isinstance(one.sample, METHODS[method].scores) for one in samples)


def test_control_samples_are_always_the_same_and_never_a_rounds(two_tasks):
    control = control_samples(two_tasks, 4, open_stream)
    assert len(control) == 4
    assert control == control_samples(two_tasks, 8, open_stream)[:4]
    assert not {one.sample for one in control} & {
        one.sample for one in draw_samples(two_tasks, SEED, open_stream, WINDOW).samples
    }


def test_rows_that_were_passed_over_are_counted_by_task_and_generated_streams_have_none(two_tasks):
    def opened(name, options, window):
        stream = FewDocuments(1000)
        if options:
            stream.skipped = Counter({"not a text": 2})
        return stream

    assert draw_samples(two_tasks, SEED, opened, WINDOW).skipped == {"SHORT": {"not a text": 2}}
