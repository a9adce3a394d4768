"""Several validators of one rehearsal share what one of them has computed."""

from collections.abc import Generator
from pathlib import Path

import pytest

from competitions.rejection import Rejection
from finetune.errors import ModelRejected
from finetune.evals.port import Folders
from finetune.rehearsal.remembering import RememberingScorer
from finetune.streams.sample import Sample

ITEMS = [("reference", Sample(messages=(), reference=str(number), document=str(number))) for number in range(4)]
MODEL = Folders(model=Path("cache/models/abc"))


class Counting:
    """Gives 0, 1, 2, and then fails where it is told to."""

    isolation = "none"

    def __init__(self, fails_at: int = 99) -> None:
        self.computed, self.fails_at = 0, fails_at

    def losses(self, folders, items, *, sequence_length, dtype) -> Generator[float, None, None]:
        for number, _ in enumerate(items):
            if number == self.fails_at:
                raise ModelRejected(Rejection(reason="degenerate_output", text="no text"))
            self.computed += 1
            yield float(number)


def ask(scorer: RememberingScorer, folders: Folders = MODEL, items=ITEMS) -> Generator[float, None, None]:
    return scorer.losses(folders, items, sequence_length=64, dtype="float32")


def test_the_same_model_on_the_same_samples_is_computed_once_wherever_it_lies() -> None:
    counting = Counting()
    scorer = RememberingScorer(counting)
    assert list(ask(scorer)) == list(ask(scorer, Folders(model=Path("other/models/abc")))) == [0.0, 1.0, 2.0, 3.0]
    assert counting.computed == 4


def test_other_models_and_other_samples_are_computed() -> None:
    counting = Counting()
    scorer = RememberingScorer(counting)
    list(ask(scorer))
    list(ask(scorer, Folders(model=Path("cache/models/abd"))))
    list(ask(scorer, Folders(model=MODEL.model, base=Path("base"))))
    list(ask(scorer, items=ITEMS[::-1]))
    assert counting.computed == 16


def test_who_asks_for_more_than_was_computed_gets_the_same_and_the_rest() -> None:
    scorer = RememberingScorer(Counting())
    first = ask(scorer)
    assert [next(first), next(first)] == [0.0, 1.0]
    first.close()
    assert list(ask(scorer)) == [0.0, 1.0, 2.0, 3.0]


def test_a_failure_comes_again_at_the_same_place_without_another_try() -> None:
    counting = Counting(fails_at=2)
    scorer = RememberingScorer(counting)
    for _ in range(2):
        found = ask(scorer)
        assert [next(found), next(found)] == [0.0, 1.0]
        with pytest.raises(ModelRejected, match="no text"):
            next(found)
    assert counting.computed == 2
