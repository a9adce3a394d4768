"""The scorer in this process: the figures of its parts, in the order asked for."""

from pathlib import Path

import pytest

from finetune.errors import ScoringError
from finetune.evals.port import Folders
from finetune.evals.runtime import load, losses
from finetune.evals.scorer import LocalScorer
from tests.finetune.evals.models import chat, letter_tokenizer, text, uniform_model

ITEMS = [("reference", chat("sort: b a", "a b")), ("text", text("The quick brown fox"))]


def test_each_item_gets_the_loss_of_its_own_method_in_order(tiny: Path):
    loaded = load(tiny, dtype="float32", device="cpu")
    expected = [next(losses(loaded, method, [sample], sequence_length=64)) for method, sample in ITEMS]
    assert list(LocalScorer().losses(Folders(model=tiny), ITEMS, sequence_length=64, dtype="float32")) == expected


def test_closing_stops_the_scoring(tiny: Path):
    scoring = LocalScorer().losses(Folders(model=tiny), ITEMS, sequence_length=64, dtype="float32")
    next(scoring)
    scoring.close()
    assert list(scoring) == []


def test_a_fixed_tokenizer_takes_the_place_of_the_models_own(tmp_path: Path):
    model = uniform_model(tmp_path / "model", letter_tokenizer(1, bos="a"))
    other = uniform_model(tmp_path / "other", letter_tokenizer(1))
    scoring = LocalScorer().losses(
        Folders(model=model, tokenizer=other), [("text", text("abcd"))], sequence_length=64, dtype="float32"
    )
    # Without bos the first byte costs 8 bits, the others 4.
    assert list(scoring) == [pytest.approx(5.0)]


def test_a_model_that_cannot_be_loaded_is_an_error(tmp_path: Path):
    with pytest.raises(ScoringError, match="loading"):
        list(LocalScorer().losses(Folders(model=tmp_path), ITEMS, sequence_length=64, dtype="float32"))
