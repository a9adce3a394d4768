"""A training node: one call from a competition to a commitment. Base, data, training, gates, upload, commit.

What it needs to know is in the competition's file: the bases with their digests, and the training file with its own.
How to train is an argument. Stopped anywhere and called again it goes on: what is fetched, trained, uploaded or
committed is not done twice.
"""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from competitions.competition import Competition, Pinned
from finetune.chain.port import Chain, Signer
from finetune.errors import BadDownload, SetupError
from finetune.files import write_atomically
from finetune.hub.cache import ModelCache
from finetune.hub.dataset_cache import DatasetCache
from finetune.hub.files import ADAPTER_CONFIG, TEXT_LIMITS
from finetune.hub.pinned import fetch_pinned
from finetune.hub.port import Datasets, Hub
from finetune.hub.strict_json import read_object
from finetune.mining.check import check_submission
from finetune.mining.dataset.reading import DataErrors, read_dataset
from finetune.mining.publish import Published, draft_payload, publish
from finetune.mining.train import Recipe, train
from finetune.streams.draws import Draws
from finetune.streams.sample import AnySample

# Trains: the base's folder, files of data, and the new folder to write, which is there whole or not at all.
Trainer = Callable[[Path, Sequence[Path], Path], None]
# Looks at a trained model before it is uploaded: the base's folder and the model's. Raises `SetupError` to refuse it.
Check = Callable[[Path, Path], None]


@dataclass(frozen=True, kw_only=True)
class Node:
    """What a node works with: its hotkey, the ways to hub and chain, and a folder of its own, kept between calls.

    `wait_for` returns once a block is final; `say` takes progress, a line at a time.
    """

    hotkey: Signer
    hub: Hub
    datasets: Datasets
    chain: Chain
    folder: Path
    wait_for: Callable[[int], None]
    say: Callable[[str], None]
    quota_bytes: int = 100 * 10**9


def run_node(
    node: Node,
    competition: Competition,
    *,
    repository: str,
    trainer: Trainer,
    base: str | None = None,
    check: Check | None = None,
) -> Published:
    """Fetch base and training file, train, run the validators' gates, publish and commit.

    Args:
        node: who does it, where, and by what means.
        competition: which one; pinned, and with a training file.
        repository: where the model goes, `namespace/name`; a new one.
        trainer: how to train, such as `plain_trainer`.
        base: the repository of the base, one of the competition's; the first where none is named.
        check: what else must hold before anything is uploaded.

    Raises as `train_model`, `SetupError` for a model that validators would reject (then nothing is uploaded), and
    `ChainError`.
    """
    start, model = train_model(node, competition, trainer=trainer, base=base)
    draft = draft_payload(model, repository=repository, competition=competition, hotkey=node.hotkey)
    if rejection := check_submission(model, draft, node.hotkey.ss58_address, competition):
        raise SetupError(f"validators would reject {model}: {rejection.text}")
    if check is not None:
        check(start, model)
    node.say(f"publishing {repository}")
    return publish(
        model,
        repository=repository,
        competition=competition,
        hotkey=node.hotkey,
        hub=node.hub,
        chain=node.chain,
        wait_for=node.wait_for,
        journal=node.folder / f"publishing-{node.hotkey.ss58_address}.json",
    )


def train_model(
    node: Node,
    competition: Competition,
    *,
    trainer: Trainer,
    data: Sequence[Path] | None = None,
    base: str | None = None,
    label: str = "model",
) -> tuple[Path, Path]:
    """Fetch what is needed and train, if that was not done before; the folders of the base and of the model.

    Args:
        node: who does it, where, and by what means.
        competition: which one; pinned.
        trainer: how to train.
        data: files of one's own, or none of them; the competition's training file where this is None.
        base: the repository of the base, one of the competition's; the first where none is named.
        label: names the way of training: with the same one, base and data, the model is taken as trained.

    Raises `SetupError` for a competition without a training file, a base that is none of its own, and bad training
    data; and `HubError`.
    """
    chosen = choose_base(competition, base)
    with ModelCache(node.folder / "fetched", node.quota_bytes) as models:
        start = fetch_pinned(chosen, node.hub, models).folder
    if data is None:
        with DatasetCache(node.folder / "datasets", node.quota_bytes) as files:
            data = [fetch_training(competition, node.datasets, files)]
    model = node.folder / f"{label}-{competition.id}-{chosen.digest[:12]}-{_digest(data)[:12]}"
    if model.exists():
        node.say(f"{model} is trained already")
    else:
        node.say(f"training {chosen.repository}")
        trainer(start, data, model)
    name_base(model, chosen)
    return start, model


def _digest(files: Sequence[Path]) -> str:
    """SHA-256 over the contents of the files in order, in hex. Raises `SetupError`."""
    digest = hashlib.sha256()
    for path in files:
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise SetupError(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def choose_base(competition: Competition, name: str | None = None) -> Pinned:
    """The base of that repository, or the first; the reference where full models take part. Raises `SetupError`."""
    known = {one.repository: one for one in (*competition.constraints.bases, competition.reference)}
    if competition.constraints.lora == "only":
        known = {one.repository: one for one in competition.constraints.bases}
    chosen = known.get(name) if name else next(iter(known.values()))
    if chosen is None:
        raise SetupError(f"{name} is no base of competition {competition.id}; it has {', '.join(known)}")
    return chosen


def fetch_training(competition: Competition, datasets: Datasets, cache: DatasetCache) -> Path:
    """The training file, called by its SHA-256. Raises `SetupError` where the competition names none, `HubError`."""
    named = competition.training
    if named is None:
        raise SetupError(
            f"competition {competition.id} names no training file; bring data of your own (docs/training-data.md)"
        )
    listing = cache.listing(datasets, named.repository, named.revision)
    file = next((one for one in listing.files if one.path == named.file), None)
    if file is None:
        raise BadDownload(f"{named.repository} at {named.revision} holds no {named.file}")
    (path,) = cache.fetch(datasets, listing, [file], round_time=0.0)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != named.digest:
        raise BadDownload(f"{named.repository}/{named.file} has SHA-256 {found}; the competition pins {named.digest}")
    return path


def name_base(model: Path, base: Pinned) -> None:
    """Let an adapter say which base it stands on: where a competition has several, validators go by it."""
    file = model / ADAPTER_CONFIG
    if not file.exists():
        return
    try:
        config = read_object(file, TEXT_LIMITS[ADAPTER_CONFIG])
    except (OSError, ValueError) as error:
        raise SetupError(f"{file} cannot be read: {error}") from error
    if config.get("base_model_name_or_path") != base.repository:
        write_atomically(file, json.dumps({**config, "base_model_name_or_path": base.repository}, indent=2).encode())


def plain_trainer(
    recipe: Recipe, *, data_errors: DataErrors = "stop", on_step: Callable[[int, int, float], None] | None = None
) -> Trainer:
    """A trainer by the plain loop of `train`: every answer of every conversation, shuffled anew each time round."""

    def run(base: Path, data: Sequence[Path], out: Path) -> None:
        from finetune.evals.tokenizer import load_tokenizer

        tokenizer = load_tokenizer(base)
        found = read_dataset(
            data,
            data_errors=data_errors,
            every_turn=True,
            tokenizer=tokenizer,
            sequence_length=recipe.sequence_length,
        )
        train(base, out, _shuffled(found.samples, recipe.seed), recipe, on_step=on_step)

    return run


def _shuffled(samples: Sequence[AnySample], seed: int) -> Iterator[AnySample]:
    """The samples without end."""
    for time in itertools.count():
        draws = Draws(hashlib.sha256(f"training {seed} {time}".encode()).digest())
        yield from draws.distinct(samples, len(samples))
