"""A training node: one call from a competition to a commitment, nothing done twice, nothing taken on trust."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from bittensor.sp_core import Keypair

from competitions.competition import Competition, Constraints, Pinned, Training
from competitions.files import read_competition
from finetune.chain.local import LocalChain, LocalSettings
from finetune.errors import BadDownload, HubUnavailable, RepositoryGone, SetupError
from finetune.hub.client import HubClient
from finetune.hub.digest import folder_digest
from finetune.hub.server import LocalHub
from finetune.mining.node import Node, choose_base, plain_trainer, run_node
from finetune.mining.publish import standing
from finetune.mining.tiny import build_tiny
from finetune.mining.train import Lora, Recipe

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

ADA = Keypair.create_from_uri("//ada")
TINY = Path(__file__).parents[3] / "competitions" / "rehearsal" / "tiny.toml"
TOKENS = {"ada": "token-of-ada", "owner": "token-of-owner"}
RECIPE = Recipe(steps=2, batch_size=2, learning_rate=1e-3, warmup_steps=1, sequence_length=64, lora=Lora(rank=2))
ROWS = [
    {"messages": [{"role": "user", "content": f"{number}?"}, {"role": "assistant", "content": f"It is {number}."}]}
    for number in range(6)
]


@dataclass(frozen=True, kw_only=True)
class World:
    """A hub with two bases and a training file, and the competition that pins them."""

    endpoint: str
    competition: Competition


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with LocalHub(folder / "hub", TOKENS) as hub:
        owner = HubClient(hub.endpoint, TOKENS["owner"])
        bases = []
        for number, name in enumerate(("first", "second")):
            build_tiny(folder / name, seed=number, hidden=24, layers=1)
            owner.create(f"owner/{name}", private=False)
            revision = owner.upload(f"owner/{name}", folder / name, message="a base")
            bases.append(Pinned(repository=f"owner/{name}", revision=revision, digest=folder_digest(folder / name)))
        data = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
        (folder / "data").mkdir()
        (folder / "data" / "train.jsonl").write_bytes(data)
        datasets = HubClient(hub.endpoint, TOKENS["owner"], kind="dataset")
        datasets.create("owner/data", private=False)
        revision = datasets.upload("owner/data", folder / "data", message="to train on")
        limits = Constraints(
            architectures=("LlamaForCausalLM",),
            max_parameters=5_000,
            max_bytes=1_000_000,
            sequence_length=64,
            lora="only",
            bases=tuple(bases),
        )
        training = Training(
            repository="owner/data", revision=revision, file="train.jsonl", digest=hashlib.sha256(data).hexdigest()
        )
        competition = replace(read_competition(TINY), constraints=limits, training=training)
        yield World(endpoint=hub.endpoint, competition=competition)


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[LocalChain]:
    with LocalChain.create(tmp_path / "chain.sqlite", seed="s", settings=LocalSettings(tempo=20)) as found:
        found.register(ADA, "cold-ada")
        found.advance()
        yield found


@pytest.fixture
def node(world: World, chain: LocalChain, tmp_path: Path) -> Node:
    def wait_for(block: int) -> None:
        while chain.block() < block:
            chain.advance()

    return Node(
        hotkey=ADA,
        hub=HubClient(world.endpoint, TOKENS["ada"]),
        datasets=HubClient(world.endpoint, None, kind="dataset"),
        chain=chain,
        folder=tmp_path / "node",
        wait_for=wait_for,
        say=lambda _: None,
        quota_bytes=10**8,
    )


class Counting:
    """A trainer that counts how often it trains."""

    def __init__(self, recipe: Recipe = RECIPE) -> None:
        self.trained = 0
        self._train = plain_trainer(recipe)

    def __call__(self, base: Path, data: Path, out: Path) -> None:
        self.trained += 1
        self._train(base, data, out)


def test_one_call_goes_from_a_competition_to_a_public_model_that_is_committed(world, node, chain, request) -> None:
    repository = f"ada/{request.node.name[:30]}"
    done = run_node(node, world.competition, repository=repository, trainer=Counting())
    assert standing(chain)[ADA.ss58_address] == done
    listing = HubClient(world.endpoint, None).listing(repository, done.payload.revision)
    assert {"adapter_config.json", "adapter_model.safetensors"} <= {file.path for file in listing.files}
    assert not listing.private


def test_called_again_it_trains_uploads_and_commits_nothing_twice(world, node) -> None:
    trainer = Counting()
    first = run_node(node, world.competition, repository="ada/again", trainer=trainer)
    assert run_node(node, world.competition, repository="ada/again", trainer=trainer) == first
    assert trainer.trained == 1


def test_stopped_after_training_it_goes_on_with_what_it_trained(world, node) -> None:
    trainer = Counting()

    def stop(*_: Path) -> None:
        raise HubUnavailable("the line is down")

    with pytest.raises(HubUnavailable):
        run_node(node, world.competition, repository="ada/stopped", trainer=trainer, check=stop)
    with pytest.raises(RepositoryGone):
        node.hub.listing("ada/stopped", None)
    run_node(node, world.competition, repository="ada/stopped", trainer=trainer)
    assert trainer.trained == 1


def test_an_adapter_names_the_base_that_was_chosen(world, node) -> None:
    run_node(node, world.competition, repository="ada/second", trainer=Counting(), base="owner/second")
    (config,) = node.folder.glob("model-*/adapter_config.json")
    assert json.loads(config.read_text())["base_model_name_or_path"] == "owner/second"


def test_a_base_that_is_none_of_the_competitions_is_refused_with_those_there_are(world, node) -> None:
    with pytest.raises(SetupError, match="owner/third is no base of competition 1; it has owner/first, owner/second"):
        run_node(node, world.competition, repository="ada/m", trainer=Counting(), base="owner/third")


def test_where_full_models_take_part_the_first_choice_is_the_reference() -> None:
    competition = read_competition(TINY)
    assert choose_base(competition) is competition.reference


def test_a_competition_without_a_training_file_says_where_to_bring_one(world, node) -> None:
    with pytest.raises(SetupError, match=r"names no training file; bring data of your own \(docs/training-data\.md\)"):
        run_node(node, replace(world.competition, training=None), repository="ada/m", trainer=Counting())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"digest": "0" * 64}, "owner/data/train.jsonl has SHA-256 [0-9a-f]{64}; the competition pins 0{64}"),
        ({"file": "other.jsonl"}, "holds no other.jsonl"),
    ],
)
def test_another_training_file_than_the_pinned_one_is_refused(change, said, world, node) -> None:
    training = replace(world.competition.training, **change)
    with pytest.raises(BadDownload, match=said):
        run_node(node, replace(world.competition, training=training), repository="ada/m", trainer=Counting())


def test_another_base_than_the_pinned_one_is_refused(world, node) -> None:
    limits = world.competition.constraints
    forged = replace(limits, bases=(replace(limits.bases[0], digest=limits.bases[1].digest), limits.bases[1]))
    trainer = Counting()
    with pytest.raises(BadDownload, match=r"owner/first at .* hashes to"):
        run_node(node, replace(world.competition, constraints=forged), repository="ada/m", trainer=trainer)
    assert trainer.trained == 0


def test_a_model_that_validators_would_reject_is_not_uploaded(world, node) -> None:
    wide = Counting(replace(RECIPE, lora=Lora(rank=16)))
    with pytest.raises(SetupError, match=r"validators would reject .*parameters; 0 to 5,000 are allowed"):
        run_node(node, world.competition, repository="ada/wide", trainer=wide)
    with pytest.raises(RepositoryGone):
        node.hub.listing("ada/wide", None)


def test_all_answers_of_a_file_are_learned_before_any_comes_again(world, tmp_path: Path, monkeypatch) -> None:
    data = tmp_path / "train.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    build_tiny(tmp_path / "base", hidden=24, layers=1)
    learned: list[str] = []

    def keep(base, out, samples, recipe, on_step) -> None:
        learned.extend(next(samples).reference for _ in range(12))

    monkeypatch.setattr("finetune.mining.node.train", keep)
    plain_trainer(RECIPE)(tmp_path / "base", [data], tmp_path / "out")
    assert sorted(learned[:6]) == sorted(learned[6:]) == [f"It is {number}." for number in range(6)]
    assert learned[:6] != learned[6:]
