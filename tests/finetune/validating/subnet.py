"""A small subnet: real chain, hub, cache, state and gates, models of two numbers, and a scorer that reads them.

A model's `quality` is its mean loss in bits, so the lower one wins every batch; nothing here is random.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from bittensor.sp_core import Keypair
from safetensors.numpy import load_file, save_file

from competitions.competition import Competition, Constraints, Reference, Round, Task
from competitions.epsilon import Epsilon
from competitions.schedule import Catalog
from competitions.season import Entrant
from competitions.submission import Payload
from finetune.chain.local import LocalChain, LocalSettings
from finetune.evals.counting import score_all
from finetune.evals.port import Folders
from finetune.hub.cache import ModelCache
from finetune.hub.client import HubClient
from finetune.hub.digest import folder_digest, secure_hash
from finetune.hub.server import LocalHub
from finetune.streams.control import control_samples
from finetune.streams.registry import open_stream
from finetune.streams.sample import Sample
from finetune.validating.loop import Step, Validator
from finetune.validating.report import ReportFolder
from finetune.validating.round import Ports
from finetune.validating.state import State
from tests.finetune.hub.configs import SMALLEST

SETTINGS = LocalSettings(tempo=20, weights_rate_limit=10, activity_cutoff=400, immunity_period=400)
SYNC_BLOCKS = 20
REFERENCE_QUALITY = 2.0
CACHE_BYTES = 10_000_000


@cache
def key(name: str) -> Keypair:
    """A development key pair by name."""
    return Keypair.create_from_uri(f"//{name}")


def address(name: str) -> str:
    """The hotkey's address."""
    return str(key(name).ss58_address)


def write_model(folder: Path, quality: float, *, salt: float = 0.0, files: Mapping[str, bytes] | None = None) -> Path:
    """A full model that passes every gate; `files` are added or replace its own."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(SMALLEST))
    (folder / "tokenizer.json").write_text("{}")
    save_file(tensors(quality, salt), folder / "model.safetensors")
    for name, content in (files or {}).items():
        (folder / name).write_bytes(content)
    return folder


def tensors(quality: float, salt: float = 0.0) -> dict[str, np.ndarray]:
    """What a model's file holds."""
    return {"quality": np.array([quality], np.float32), "salt": np.array([salt], np.float32)}


class StopShort(Exception):
    """Raised by a scorer's hook: the scorer ends here without a word."""


@dataclass
class TensorScorer:
    """A `Scorer` whose loss is the model's quality times the sample's difficulty, 0.5 to 1.5, given by its text.

    `hook(quality, number, loss)` gives the loss that is yielded, and may raise, or take its time, instead.
    """

    isolation: ClassVar[str] = "none"
    hook: Callable[[float, int, float], float] = lambda quality, number, loss: loss
    scored: list[float] = field(default_factory=list)
    folders: list[Folders] = field(default_factory=list)

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, Sample]], *, sequence_length: int, dtype: str
    ) -> Generator[float, None, None]:
        weights = sorted(folders.model.glob("*.safetensors"))
        quality = round(float(next(file["quality"] for file in map(load_file, weights) if "quality" in file)[0]), 4)
        self.scored.append(quality)
        self.folders.append(folders)
        for number, (_, sample) in enumerate(items):
            try:
                loss = self.hook(quality, number, quality * difficulty(sample))
            except StopShort:
                return
            yield loss


def difficulty(sample: Sample) -> float:
    """0.5 to 1.5, from the sample's text."""
    return 0.5 + hashlib.sha256(sample.reference.encode()).digest()[0] / 255


class Faulty:
    """A port that asks `fault(method)` before each call: an exception that it answers with is raised instead."""

    def __init__(self, real: Any, fault: Callable[[str], BaseException | None]) -> None:
        self._real, self._fault = real, fault

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if not callable(found):
            return found

        def call(*args: Any, **options: Any) -> Any:
            if (error := self._fault(name)) is not None:
                raise error
            return found(*args, **options)

        return call


class FaultyHub:
    """The hub, but for the repositories in `faults`: a listing of one raises what stands there."""

    def __init__(self, real: HubClient) -> None:
        self.real = real
        self.faults: dict[str, Exception] = {}
        self.listed: list[str] = []

    def listing(self, repository: str, revision: str | None) -> Any:
        self.listed.append(repository)
        if repository in self.faults:
            raise self.faults[repository]
        return self.real.listing(repository, revision)

    def download(self, listing: Any, paths: Sequence[str], into: Path) -> None:
        self.real.download(listing, paths, into)


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """Where a folder lies on the hub."""

    repository: str
    revision: str
    digest: str


class Warehouse:
    """A hub for all tests, and the models on it: a folder is uploaded once, whoever commits it."""

    USERS = ("owner", "miner")

    def __init__(self, root: Path, hub: LocalHub) -> None:
        self.root, self.endpoint = root, hub.endpoint
        self._models: dict[tuple[float, float], Uploaded] = {}
        self._count = 0

    @staticmethod
    def token(user: str) -> str:
        return f"token-of-{user}"

    def hub(self, user: str | None = None) -> HubClient:
        """The hub as one of its users sees it, or as a stranger does."""
        return HubClient(self.endpoint, self.token(user) if user else None)

    def new_folder(self) -> Path:
        """A path where nothing is yet."""
        self._count += 1
        return self.root / f"folder-{self._count}"

    def model(self, quality: float, salt: float = 0.0) -> Uploaded:
        """A public model, shared by all tests."""
        if (quality, salt) not in self._models:
            self._models[quality, salt] = self.upload(write_model(self.new_folder(), quality, salt=salt))
        return self._models[quality, salt]

    def upload(self, folder: Path) -> Uploaded:
        """Put a folder into a new public repository."""
        hub, repository = self.hub("miner"), f"miner/{folder.name}"
        hub.create(repository, private=False)
        revision = hub.upload(repository, folder, message="a model")
        return Uploaded(repository=repository, revision=revision, digest=folder_digest(folder))


def make_competition(warehouse: Warehouse, **changes: Any) -> Competition:
    """A competition of word sorting: 60 batches of 2 samples, 4 challengers a round; the real constants else."""
    reference = warehouse.model(REFERENCE_QUALITY)
    pinned = {"repository": reference.repository, "revision": reference.revision, "digest": reference.digest}
    competition = replace(
        Competition(
            id=1,
            title="Word sorting",
            reward=1.0,
            first_block=0,
            constraints=Constraints(
                architectures=("LlamaForCausalLM",), max_parameters=100, max_bytes=1_000_000, sequence_length=64
            ),
            epsilon=Epsilon(start=0.05, end=0.01, decay_blocks=200),
            reference=Reference(**pinned),
            tasks=(Task(name="WORDS", method="reference", stream="word_sorting", weight=1.0),),
            round=Round(sync_blocks=SYNC_BLOCKS, eval_delay=5, batches=60, batch_size=2, challengers=4),
        ),
        **changes,
    )
    samples = control_samples(competition, 4, open_stream)
    folder = write_model(warehouse.new_folder(), REFERENCE_QUALITY)
    known = score_all(TensorScorer(), Folders(model=folder), samples, competition)
    return replace(competition, reference=replace(competition.reference, control_losses=tuple(known.tolist())))


class Node:
    """One validator with its files, until it is killed."""

    def __init__(self, subnet: "Subnet", name: str, *, cache_bytes: int = CACHE_BYTES, **ports: Any) -> None:
        self.subnet, self.name, self.root = subnet, name, subnet.root / name
        self.state = State(self.root / "state.sqlite")
        self.cache = ModelCache(self.root / "cache", cache_bytes)
        self.said: list[str] = []
        self.scorer = TensorScorer()
        self.reports = ReportFolder(self.root / "reports")
        self.ports = replace(
            Ports(
                hotkey=key(name),
                catalog=subnet.catalog,
                chain=subnet.chain,
                hub=subnet.warehouse.hub(),
                cache=self.cache,
                state=self.state,
                open_stream=open_stream,
                scorer=self.scorer,
                publishers=(self.reports,),
                say=self.said.append,
                clock=lambda: 0.0,
            ),
            **ports,
        )
        self.validator = Validator(self.ports)

    def step(self) -> Step:
        return self.validator.step()

    def kill(self) -> None:
        """End the process: what was not committed is lost."""
        self.state.close()
        self.cache.close()

    def report(self, sync: int) -> dict[str, Any]:
        """The signed report of a round."""
        (path,) = self.reports.folder.glob(f"{sync:09d}-*.json")
        report: dict[str, Any] = json.loads(path.read_text())
        return report

    def record(self, sync: int) -> dict[str, Any]:
        """A round's record, but for what the clock says."""
        record: dict[str, Any] = self.report(sync)["record"]
        return {name: value for name, value in record.items() if name != "seconds"}

    def champion(self, competition: int = 1) -> Entrant:
        """Who holds the seat after the last round."""
        kept = self.state.seat(competition)
        assert kept is not None
        return kept[0].champion


class Subnet:
    """One chain with its owner, the validator `north`, and whoever joins."""

    def __init__(
        self, root: Path, warehouse: Warehouse, catalog: Catalog, *, first: Sequence[str] = (), **settings: Any
    ) -> None:
        """A new chain; `first` are registered before anybody else, `settings` are changes of the chain's."""
        self.root, self.warehouse, self.catalog = root, warehouse, catalog
        root.mkdir()
        self.chain = LocalChain.create(
            root / "chain.sqlite", seed="subnet", settings=replace(SETTINGS, **settings), owner_hotkey=address("owner")
        )
        for name in (*first, "owner"):
            self.join(name)
        self.join("north", stake=1000.0)
        self.nodes: list[Node] = []

    @classmethod
    def reopened(cls, root: Path, warehouse: Warehouse, catalog: Catalog) -> "Subnet":
        """The subnet whose files lie under `root`."""
        subnet = cls.__new__(cls)
        subnet.root, subnet.warehouse, subnet.catalog, subnet.nodes = root, warehouse, catalog, []
        subnet.chain = LocalChain(root / "chain.sqlite")
        return subnet

    def join(self, name: str, *, stake: float = 0.0) -> None:
        """Register a hotkey, each under a coldkey of its own."""
        self.chain.register(key(name), f"cold-{name}")
        if stake:
            self.chain.add_stake(f"cold-{name}", address(name), stake)

    def node(self, name: str = "north", **ports: Any) -> Node:
        """Start a validator on its files."""
        node = Node(self, name, **ports)
        self.nodes.append(node)
        return node

    def close(self) -> None:
        for node in self.nodes:
            node.kill()
        self.chain.close()

    def submit(self, name: str, quality: float, *, salt: float = 0.0, competition: int = 1) -> Entrant:
        """A miner commits a model of this quality, which everybody may read already."""
        return self.commit(name, self.warehouse.model(quality, salt), competition=competition)

    def commit(self, name: str, model: Uploaded, *, competition: int = 1, hashed_for: str | None = None) -> Entrant:
        """A miner commits an uploaded model."""
        payload = Payload(
            repository=model.repository,
            revision=model.revision,
            secure_hash=secure_hash(model.digest, address(hashed_for or name)),
            competition=competition,
        )
        return self.commit_raw(name, payload.encode())

    def commit_raw(self, name: str, data: bytes) -> Entrant:
        """A miner commits bytes."""
        if address(name) not in self.chain.metagraph().by_hotkey:
            self.join(name)
        block = self.chain.commit(key(name), data)
        return Entrant(block=block, key=f"{address(name)}@{block}")

    def next_sync(self) -> int:
        """Let blocks pass until the next sync block."""
        return self.chain.advance(SYNC_BLOCKS - self.chain.block() % SYNC_BLOCKS)

    def play(self, *nodes: Node) -> int:
        """The next round of these validators; each must judge it."""
        sync = self.next_sync()
        for node in nodes:
            step = node.step()
            assert (step.outcome, step.sync) == ("judged", sync), step.why
        return sync
