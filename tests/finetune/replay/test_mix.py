"""Which batches make a round of another task mix."""

from dataclasses import replace

import numpy as np
import pytest

from competitions.batches import plan
from competitions.check import Invalid
from competitions.competition import Competition, Constraints, Reference, Round, Task
from competitions.epsilon import Epsilon
from finetune.replay.mix import batch_order, rearranged, with_batches_of


def of(batches: int = 6, **weights: float) -> Competition:
    return Competition(
        id=1,
        title="Mixed",
        reward=1.0,
        first_block=0,
        constraints=Constraints(
            architectures=("LlamaForCausalLM",), max_parameters=100, max_bytes=100, sequence_length=64
        ),
        epsilon=Epsilon(start=0.05, end=0.01, decay_blocks=200),
        reference=Reference(repository="owner/tiny"),
        tasks=tuple(Task(name=name, method="text", stream="word_sorting", weight=it) for name, it in weights.items()),
        round=Round(batches=batches, batch_size=2),
    )


RECORDED = of(A=0.5, B=0.3, C=0.2)


def test_each_task_gives_its_first_batches_in_the_order_of_the_new_plan():
    assert [task.name for task in plan(RECORDED)] == list("ABCAAB")
    assert batch_order(RECORDED, of(A=0.5, B=0.5)) == (0, 1, 3, 5, 4)


def test_the_round_ends_where_a_task_has_no_more():
    assert batch_order(RECORDED, of(A=0.4, C=0.6)) == (2, 0)
    assert with_batches_of(RECORDED, of(A=0.4, C=0.6)).round.batches == 2


def test_the_same_mix_is_the_same_round():
    assert batch_order(RECORDED, RECORDED) == (0, 1, 2, 3, 4, 5)


def test_no_batch_counts_twice_and_the_shares_are_right():
    recorded = of(300, A=0.5, B=0.3, C=0.2)
    mixed = with_batches_of(recorded, of(300, A=0.2, B=0.3, C=0.5))
    order = batch_order(recorded, mixed)
    names = [plan(recorded)[number].name for number in order]
    assert len(set(order)) == len(order) == 120
    assert [names.count(name) for name in "ABC"] == [24, 36, 60]


def test_a_mix_of_which_nothing_was_scored_is_refused():
    short = of(2, A=0.5, B=0.3, C=0.2)
    with pytest.raises(Invalid, match=r"tasks.weight: found {'C': 1.0}, allowed is tasks that a round has scored"):
        with_batches_of(short, replace(short, tasks=(replace(short.tasks[2], weight=1.0),)))


def test_losses_follow_their_batches():
    samples = np.arange(12.0)
    assert rearranged(samples, (0, 1, 3, 5), 2).tolist() == [0, 1, 2, 3, 6, 7, 10, 11]


def test_who_was_stopped_early_has_the_batches_up_to_the_first_that_is_missing():
    assert rearranged(np.arange(8.0), (0, 1, 5, 3), 2).tolist() == [0, 1, 2, 3]
    assert rearranged(np.arange(2.0), (1, 0), 2).tolist() == []
    assert rearranged(np.empty(0), (0,), 2).tolist() == []
