"""Pins a competition: which files its reference and bases are, and what the reference's known losses are."""

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from competitions.competition import Competition, Pinned
from competitions.files import read_competition
from finetune.evals.port import Folders, Scorer
from finetune.files import write_atomically
from finetune.hub.cache import CachedModel, ModelCache
from finetune.hub.port import Hub
from finetune.streams.registry import OpenStream
from finetune.validating.sample import control_samples
from finetune.validating.score import score_all

CONTROL_SAMPLES = 8  # enough that a wrong kernel, dtype or tokenizer shows on one of them, few enough to cost nothing

P = TypeVar("P", bound=Pinned)


def pin(competition: Competition, hub: Hub, cache: ModelCache, scorer: Scorer, open_stream: OpenStream) -> Competition:
    """The competition with every revision, digest and control loss filled in, measured here and now.

    A revision that is given is kept, else the head of the repository's main branch is taken. Raises `HubError`,
    `StreamError`, `ScoringError`.
    """
    constraints = competition.constraints
    reference, model = _pinned(competition.reference, hub, cache)
    bases = tuple(_pinned(base, hub, cache)[0] for base in constraints.bases)
    pinned = replace(competition, reference=reference, constraints=replace(constraints, bases=bases))
    samples = control_samples(pinned, CONTROL_SAMPLES, open_stream)
    losses = score_all(scorer, Folders(model=model.folder), samples, pinned)
    return replace(pinned, reference=replace(reference, control_losses=tuple(losses.tolist())))


def pin_file(path: Path, hub: Hub, cache: ModelCache, scorer: Scorer, open_stream: OpenStream) -> Competition:
    """Pin a competition and write what was found into its file, whose comments and order stay as they are.

    Raises `CatalogError`, `SetupError`, and what `pin` raises; the file is then as it was.
    """
    import tomlkit

    pinned = pin(read_competition(path), hub, cache, scorer, open_stream)
    document: Any = tomlkit.parse(path.read_text("utf-8"))
    tables = [document["reference"], *document["constraints"].get("bases", [])]
    for table, model in zip(tables, (pinned.reference, *pinned.constraints.bases), strict=True):
        table["revision"], table["digest"] = model.revision, model.digest
    document["reference"]["control_losses"] = list(pinned.reference.control_losses)
    write_atomically(path, tomlkit.dumps(document).encode())
    return pinned


def _pinned(pinned: P, hub: Hub, cache: ModelCache) -> tuple[P, CachedModel]:
    listing = hub.listing(pinned.repository, pinned.revision or None)
    model = cache.fetch(hub, listing, keep=())
    return replace(pinned, revision=listing.revision, digest=model.digest), model
