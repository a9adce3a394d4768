"""The miner that trains: one command from nothing to a commitment, nothing done twice, nothing sent by accident."""

import hashlib
import json
import re
import shutil
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from competitions.files import read_competition
from finetune.chain.local import LocalChain
from finetune.errors import HubUnavailable, RepositoryGone
from finetune.hub.client import HubClient
from finetune.hub.digest import folder_digest
from finetune.mining.publish import standing
from finetune.streams.sources import Window
from neurons import miner, training

ROOT = Path(__file__).parents[2]
RECIPE = """
learns = "replies"
trains = "adapter"
rank = 2
targets = ["q_proj"]
sequence_length = 96
epochs = 1.0
steps = 4
batch_size = 2
accumulation = 1
learning_rate = 1e-3
warmup = 0.1
weight_decay = 0.0
gradient_norm = 1.0
dtype = "float32"
checkpointing = false
evaluations = 2
patience = 0
held_out_samples = 4
seed = 0
"""

pytestmark = [
    pytest.mark.usefixtures("quick"),
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]


@pytest.fixture
def rules(tmp_path: Path, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A pinned competition for adapters in the miner's catalog, without a training file; its text."""
    monkeypatch.setattr(training, "_PRACTICE", 40)
    owner = HubClient(variables["HF_ENDPOINT"], "hf_owner")
    owner.create("owner/tiny-llama", private=False)
    revision = owner.upload("owner/tiny-llama", tmp_path / "model", message="a base")
    pinned = f'repository = "owner/tiny-llama"\nrevision = "{revision}"\ndigest = "{folder_digest(tmp_path / "model")}"'
    text = (ROOT / "competitions" / "rehearsal" / "tiny.toml").read_text()
    text = text.replace('repository = "owner/tiny-llama"', pinned).replace("2_000_000", "5_000")
    text = text.replace('tokenizer = "reference"', f'lora = "only"\n[[constraints.bases]]\n{pinned}')
    (tmp_path / "recipe.toml").write_text(RECIPE)
    variables["CATALOG"] = str(tmp_path / "catalog")
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "tiny.toml").write_text(text)
    return text


@pytest.fixture
def training_file(tmp_path: Path, variables: dict[str, str], rules: str) -> None:
    """The competition's own training file, on the hub and in its rules."""
    rows = [{"prompt": f"Say {number}.", "completion": f"{number} it is."} for number in range(100)]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_bytes(data)
    datasets = HubClient(variables["HF_ENDPOINT"], "hf_owner", kind="dataset")
    datasets.create("owner/rows", private=False)
    revision = datasets.upload("owner/rows", tmp_path / "data", message="to train on")
    named = f'[training]\nrepository = "owner/rows"\nrevision = "{revision}"\nfile = "train.jsonl"\n'
    digest = f'digest = "{hashlib.sha256(data).hexdigest()}"\n'
    (tmp_path / "catalog" / "tiny.toml").write_text(rules.replace("[epsilon]", named + digest + "[epsilon]"))


def train(variables: dict[str, str], tmp_path: Path, *flags: str) -> int:
    where = ("--competition_id", "1", "--hf_repo_id", "miner/sorter", "--recipe", str(tmp_path / "recipe.toml"))
    return miner.main([*where, *flags], variables)


def nothing_uploaded(variables: dict[str, str]) -> bool:
    with pytest.raises(RepositoryGone):
        HubClient(variables["HF_ENDPOINT"], "hf_miner").listing("miner/sorter", None)
    return True


@pytest.mark.usefixtures("rules")
def test_one_command_goes_from_nothing_to_a_model_that_is_committed_and_public(
    variables, tmp_path, capsys, monkeypatch
):
    upload: Any = HubClient.upload

    def fails(*_: object, **__: object) -> str:
        raise HubUnavailable("the line is down")

    monkeypatch.setattr(HubClient, "upload", fails)
    assert train(variables, tmp_path) == 2
    told = capsys.readouterr()
    assert "the line is down" in told.err
    assert "step 0 of 4, held out " in told.out
    assert "held out: " in told.out

    monkeypatch.setattr(HubClient, "upload", upload)
    assert train(variables, tmp_path) == 0
    told = capsys.readouterr()
    assert "is trained already" in told.out
    assert "step " not in told.out
    assert told.out.splitlines()[-1].startswith("miner/sorter at ")
    with LocalChain(tmp_path / "chain.sqlite") as chain:
        (first,) = standing(chain).values()
    files = HubClient(variables["HF_ENDPOINT"], None).listing("miner/sorter", first.payload.revision)
    assert not files.private
    assert {"adapter_config.json", "adapter_model.safetensors"} <= {file.path for file in files.files}

    monkeypatch.setattr(HubClient, "upload", fails)
    assert train(variables, tmp_path) == 0
    assert capsys.readouterr().out.splitlines()[-1] == told.out.splitlines()[-1]
    with LocalChain(tmp_path / "chain.sqlite") as chain:
        assert list(standing(chain).values()) == [first]


@pytest.mark.usefixtures("training_file")
def test_offline_the_competitions_file_is_learned_and_nothing_is_sent(variables, tmp_path, capsys):
    assert train(variables, tmp_path, "--offline") == 0
    told = capsys.readouterr().out
    found = re.search(r"(\d+) samples to learn, (\d+) held out", told)
    assert found is not None
    assert int(found[1]) + int(found[2]) == 100
    assert "would upload" in told.splitlines()[-1]
    assert nothing_uploaded(variables)
    with LocalChain(tmp_path / "chain.sqlite") as chain:
        assert not standing(chain)


@pytest.mark.usefixtures("rules")
def test_a_model_that_a_gate_rejects_is_not_uploaded(variables, tmp_path, capsys):
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("rank = 2", "rank = 200"))
    assert train(variables, tmp_path) == 2
    assert "validators would reject" in (told := capsys.readouterr().err)
    assert "5,000 are allowed" in told
    assert nothing_uploaded(variables)


@pytest.mark.usefixtures("rules")
def test_a_seat_is_not_given_up_by_what_is_trained_after_it_was_won(variables, tmp_path, capsys, monkeypatch):
    assert train(variables, tmp_path) == 0
    real: Any = LocalChain.metagraph

    def earning(self, block=None):
        found = real(self, block)
        return replace(found, neurons=tuple(replace(one, incentive=0.5, consensus=0.5) for one in found.neurons))

    monkeypatch.setattr(LocalChain, "metagraph", earning)
    assert train(variables, tmp_path) == 0  # the same again commits nothing
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("seed = 0", "seed = 1"))
    assert train(variables, tmp_path, "--hf_repo_id", "miner/other") == 2
    assert "committing again gives that up" in capsys.readouterr().err


@pytest.mark.usefixtures("rules")
@pytest.mark.parametrize(
    ("recipe", "data", "said"),
    [
        ("abacus", None, "no recipe is called 'abacus'"),
        ("full", None, "competition 1 takes LoRA adapters only; train with the recipe lora"),
        ("dpo", None, "streams give none; bring some with --data"),
        ("lora", "nowhere.jsonl", "nowhere.jsonl"),
        ("lora", "broken.jsonl", "broken.jsonl line 1: its JSON cannot be read"),
    ],
)
def test_what_would_end_the_training_later_is_told_before_anything_is_fetched(
    variables, tmp_path, capsys, recipe, data, said
):
    (tmp_path / "broken.jsonl").write_text('{"text"\n')
    variables["HF_TOKEN"] = "hf_reader"
    given = ("--data", str(tmp_path / data)) if data else ()
    assert train(variables, tmp_path, "--recipe", recipe, *given) == 2
    told = capsys.readouterr().err
    assert told.startswith("this miner cannot start:\n")
    assert said in told
    assert "HF_TOKEN may only read" in told
    assert not list((tmp_path / "miner").iterdir())


@pytest.mark.usefixtures("rules")
def test_a_repository_that_cannot_be_published_to_is_told_before_hours_of_training(variables, tmp_path, capsys):
    HubClient(variables["HF_ENDPOINT"], "hf_miner").create("miner/shown", private=False)
    for repository, said in (
        ("miner/" + "n" * 40, "bytes too long; shorten the namespace or the name"),
        ("miner", "--hf_repo_id NAMESPACE/NAME says where to publish to, not 'miner'"),
        ("miner/a--b", "miner/a--b cannot be committed"),
        ("miner/shown", "miner/shown is public, so others could commit its new files first"),
    ):
        assert train(variables, tmp_path, "--hf_repo_id", repository) == 2
        assert said in capsys.readouterr().err
        assert not list((tmp_path / "miner").iterdir())


def test_miners_who_change_nothing_train_each_by_a_seed_of_their_own():
    competition = read_competition(ROOT / "competitions" / "rehearsal" / "tiny.toml")
    seeds = [training._seed(hotkey) for hotkey in ("5Ada", "5Bob", "5Ada")]
    recipes = [training._recipe(Namespace(recipe=None), competition, seed) for seed in seeds]
    assert recipes[0] != recipes[1]
    assert recipes[0] == recipes[2]


@pytest.mark.usefixtures("rules")
def test_another_model_is_not_trained_for_the_repository_that_is_committed_already(variables, tmp_path, capsys):
    assert train(variables, tmp_path) == 0
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("seed = 0", "seed = 1"))
    capsys.readouterr()
    assert train(variables, tmp_path) == 2
    told = capsys.readouterr()
    assert "miner/sorter is public" in told.err
    assert "samples to learn" not in told.out


@pytest.mark.usefixtures("rules")
def test_faults_of_recipe_and_data_are_told_together(variables, tmp_path, capsys):
    assert train(variables, tmp_path, "--recipe", "abacus", "--data", str(tmp_path / "nowhere.jsonl")) == 2
    told = capsys.readouterr().err
    assert "no recipe is called 'abacus'" in told
    assert "nowhere.jsonl" in told


def test_without_a_repository_or_a_pinned_base_both_are_told(variables, tmp_path, capsys):
    (tmp_path / "catalog").mkdir()
    shutil.copy(ROOT / "competitions" / "rehearsal" / "tiny.toml", tmp_path / "catalog")
    variables["CATALOG"] = str(tmp_path / "catalog")
    assert miner.main(["--competition_id", "1"], variables) == 2
    told = capsys.readouterr().err
    assert "--hf_repo_id NAMESPACE/NAME says where to publish to" in told
    assert "competition 1 does not pin its base owner/tiny-llama yet" in told


def test_a_training_that_goes_on_draws_from_the_time_that_it_began_with(tmp_path):
    began = Window(start=1.0, end=2.0, block=3)
    assert training._kept(began, tmp_path / "note") == began
    assert training._kept(Window(start=5.0, end=6.0, block=7), tmp_path / "note") == began
