"""Pin: a competition's file gets the revisions, digests and control losses that were found here and now."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from competitions.competition import Competition
from competitions.files import CatalogError, read_competition
from competitions.rejection import Rejection
from finetune.errors import HubUnavailable, ModelRejected, ScoringError, SetupError
from finetune.evals.followed import STEPS
from finetune.hub.cache import ModelCache
from finetune.streams.registry import open_stream
from finetune.streams.sources import Window
from finetune.validating import pin as module
from finetune.validating.pin import CONTROL_SAMPLES, pin, pin_file
from tests.finetune.validating.subnet import FaultyHub, TensorScorer, Uploaded, Warehouse, write_model

TEXT = """# What this competition is for.
id = 3
title = "Word sorting"
reward = 1.0
first_block = 0

[constraints]
architectures = ["LlamaForCausalLM"]
max_parameters = 100
max_bytes = 10_000  # generous
sequence_length = 64
lora = "allowed"

[[constraints.bases]]
repository = "{base}"

[epsilon]
start = 0.05
end = 0.01
decay_blocks = 200

[reference]
repository = "{reference}"

[[tasks]]
name = "WORDS"
method = "reference"
stream = "word_sorting"
weight = 1.0
"""


@pytest.fixture
def models(warehouse: Warehouse) -> tuple[Uploaded, Uploaded]:
    """The reference and the base."""
    return warehouse.model(2.0), warehouse.model(1.9)


@pytest.fixture
def path(tmp_path: Path, models: tuple[Uploaded, Uploaded]) -> Path:
    path = tmp_path / "three.toml"
    path.write_text(TEXT.format(reference=models[0].repository, base=models[1].repository))
    return path


@pytest.fixture
def cache(tmp_path):
    with ModelCache(tmp_path / "cache", 1_000_000) as found:
        yield found


def test_a_pinned_file_may_open_and_its_comments_stay(path, models, cache, warehouse):
    assert not read_competition(path).pinned
    scorer = TensorScorer()
    written = pin_file(path, warehouse.hub(), cache, scorer, open_stream)
    found = read_competition(path)
    assert found == written
    assert found.pinned
    assert (found.reference.revision, found.reference.digest) == (models[0].revision, models[0].digest)
    assert (found.constraints.bases[0].revision, found.constraints.bases[0].digest) == (
        models[1].revision,
        models[1].digest,
    )
    assert len(found.reference.control_losses) == CONTROL_SAMPLES
    assert scorer.scored == [2.0, 2.0]
    assert path.read_text().startswith("# What this competition is for.\n")
    assert "10_000  # generous" in path.read_text()


def test_pinning_again_finds_the_same(path, cache, warehouse):
    first = pin_file(path, warehouse.hub(), cache, TensorScorer(), open_stream)
    text = path.read_text()
    assert pin_file(path, warehouse.hub(), cache, TensorScorer(), open_stream) == first
    assert path.read_text() == text


def test_a_revision_that_is_given_is_kept_and_else_the_newest_is_taken(path, cache, warehouse):
    old = warehouse.upload(write_model(warehouse.new_folder(), 1.5))
    newest = warehouse.hub("miner").upload(old.repository, write_model(warehouse.new_folder(), 1.4), message="newer")
    competition = read_competition(path)
    for given, found in ((old.revision, old.revision), ("", newest)):
        reference = replace(competition.reference, repository=old.repository, revision=given)
        pinned = pin(replace(competition, reference=reference), warehouse.hub(), cache, TensorScorer(), open_stream)
        assert pinned.reference.revision == found


@pytest.mark.parametrize("failure", ["hub", "model", "file"])
def test_a_failure_leaves_the_file_as_it_was(path, cache, warehouse, failure):
    hub, scorer = FaultyHub(warehouse.hub()), TensorScorer()
    if failure == "hub":
        hub.faults[warehouse.model(2.0).repository] = HubUnavailable("down")
    elif failure == "model":
        scorer.hook = broken
    else:
        path.write_text(path.read_text().replace("id = 3", "id = -3"))
    text = path.read_text()
    with pytest.raises((HubUnavailable, ScoringError, CatalogError)):
        pin_file(path, hub, cache, scorer, open_stream)
    assert path.read_text() == text
    assert [one.name for one in path.parent.glob("*.toml*")] == [path.name]


def broken(quality: float, number: int, loss: float) -> float:
    raise ScoringError("it cannot be loaded")


def test_the_known_losses_are_those_that_every_round_checks(path, cache, warehouse):
    """What was pinned here passes here."""
    found = pin_file(path, warehouse.hub(), cache, TensorScorer(), open_stream)
    assert isinstance(found, Competition)
    assert all(1.0 <= loss <= 3.0 for loss in found.reference.control_losses)


def test_a_reference_that_a_round_rejects_is_refused_with_the_reason_though_its_control_losses_are_sound(
    path, models, cache, warehouse
):
    text, scorer = path.read_text(), TensorScorer(hook=answers_all_alike)
    with pytest.raises(ScoringError) as refused:
        pin_file(path, warehouse.hub(), cache, scorer, open_stream)
    assert str(refused.value) == (
        f"{models[0].repository} at {models[0].revision} cannot be the reference of competition 3, for in a round it "
        "is rejected as degenerate_output: all replies are alike"
    )
    assert path.read_text() == text


def answers_all_alike(quality: float, number: int, loss: float) -> float:
    if number > CONTROL_SAMPLES:
        raise ModelRejected(Rejection(reason="degenerate_output", text="all replies are alike"))
    return loss


def test_the_trial_is_a_round_as_validators_play_it(path, cache, warehouse):
    """As many samples, from the competition's own stream, with the tokenizer that all are scored with."""
    seen = []
    path.write_text(path.read_text().replace('lora = "allowed"', 'lora = "allowed"\ntokenizer = "reference"'))

    class Listening(TensorScorer):
        def losses(self, folders, items, **options):
            seen.append((folders, [sample.document for _, sample in items]))
            return super().losses(folders, items, **options)

    opened = []

    def opens(name, options, window=None):
        opened.append((name, window))
        return open_stream(name, options)

    window = Window(start=1.0, end=2.0, block=3)
    pinned = pin_file(path, warehouse.hub(), cache, Listening(), opens, window=window)
    (_, control), (folders, trial) = seen
    assert len(set(trial)) == len(trial) == pinned.round.batches * pinned.round.batch_size > len(control)
    assert opened[-1] == ("word_sorting", window)
    assert folders.tokenizer == folders.model


def test_it_says_what_it_fetches_and_how_far_it_is(path, models, cache, warehouse):
    said: list[str] = []
    pinned = pin_file(path, warehouse.hub(), cache, TensorScorer(), open_stream, show=said.append)
    samples = pinned.round.batches * pinned.round.batch_size
    assert said[:2] == [f"fetch {one.repository} at {one.revision}" for one in models]
    assert said[2:4] == [
        f"score {models[0].repository} on {CONTROL_SAMPLES} control samples",
        f"score {models[0].repository} in a whole round of {samples} samples",
    ]
    assert said[-1] == f"scored {samples} of {samples} samples"
    assert len(said) == 4 + STEPS


@pytest.mark.parametrize("large", ["reference", "base"])
def test_a_model_too_large_for_float32_is_named_and_nothing_is_written(
    large, path, cache, warehouse, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "FLOAT32_PARAMETERS", 2)
    folder = write_model(tmp_path / "large", 1.0)
    save_file({"quality": np.zeros(3, np.float32)}, folder / "model.safetensors")
    repositories = {"reference": warehouse.model(2.0), "base": warehouse.model(1.9)} | {large: warehouse.upload(folder)}
    path.write_text(TEXT.format(**{role: one.repository for role, one in repositories.items()}))
    before = path.read_bytes()
    expected = f"{repositories[large].repository} at [0-9a-f]{{40}} cannot be scored in float32.* 3 parameters"
    with pytest.raises(SetupError, match=expected):
        pin_file(path, warehouse.hub(), cache, TensorScorer(), open_stream)
    assert path.read_bytes() == before
