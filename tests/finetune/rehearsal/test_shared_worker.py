"""One walled worker scores a rehearsal's models one after the other, and is replaced when one of them fails."""

import shutil
from pathlib import Path

import pytest

from finetune.errors import ModelRejected
from finetune.evals.isolated import default_limits
from finetune.evals.port import Folders
from finetune.evals.scorer import LocalScorer
from finetune.isolation.trial import find_level
from finetune.mining.tiny import build_tiny
from finetune.rehearsal.attacks.changes import NORM, set_number
from finetune.rehearsal.shared_worker import SharedWorker
from finetune.streams.word_sorting import WordSorting

ITEMS = [("reference", WordSorting().draw(bytes([number]) * 32)) for number in range(3)]


def losses(scorer: LocalScorer | SharedWorker, model: Path) -> list[float]:
    return list(scorer.losses(Folders(model=model), ITEMS, sequence_length=256, dtype="float32"))


def test_figures_are_those_of_a_scorer_without_walls_also_after_a_hostile_model(tmp_path: Path) -> None:
    shelf, one, other, hostile = (tmp_path / name for name in ("shelf", "one", "other", "hostile"))
    shelf.mkdir()
    build_tiny(one, seed=1, hidden=48, layers=2)
    build_tiny(other, seed=2, hidden=48, layers=2)
    shutil.copytree(other, hostile)
    set_number(hostile, NORM, float("nan"))
    plain = LocalScorer()
    with SharedWorker(shelf, level=find_level(unsafe=True), limits=default_limits()) as scorer:
        assert losses(scorer, one) == pytest.approx(losses(plain, one), abs=1e-5)
        with pytest.raises(ModelRejected, match="NaN"):
            losses(scorer, hostile)
        assert losses(scorer, other) == pytest.approx(losses(plain, other), abs=1e-5)
        first = scorer.losses(Folders(model=one), ITEMS, sequence_length=256, dtype="float32")
        next(first)
        first.close()
        assert losses(scorer, one) == pytest.approx(losses(plain, one), abs=1e-5)
    assert list(shelf.iterdir()) == []
