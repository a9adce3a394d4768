"""Pins a competition: which files its reference and bases are, and what the reference's known losses are.

A reference holds the seat until a miner takes it, and a round whose reference cannot be scored is void. So a whole
round of it is played first: what fails at that is not pinned.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from competitions.competition import FLOAT32_PARAMETERS, Competition, Pinned, Precision
from competitions.files import read_competition
from finetune.errors import ModelRejected, ScoringError, SetupError
from finetune.evals.counting import score_all
from finetune.evals.followed import FollowedScorer, in_steps
from finetune.evals.port import Folders, Scorer
from finetune.files import write_atomically
from finetune.hub.cache import ModelCache
from finetune.hub.port import Hub
from finetune.hub.weights_gate import check_weights
from finetune.streams.control import control_samples
from finetune.streams.drawing import draw_samples
from finetune.streams.registry import OpenStream
from finetune.streams.sources import Window

CONTROL_SAMPLES = 8  # enough that a wrong kernel, dtype or tokenizer shows on one of them, few enough to cost nothing
_SEED = hashlib.sha256(b"the round that a reference must pass").digest()
_NO_TIME = Window(start=0.0, end=0.0)

P = TypeVar("P", bound=Pinned)


def pin(
    competition: Competition,
    hub: Hub,
    cache: ModelCache,
    scorer: Scorer,
    open_stream: OpenStream,
    *,
    window: Window = _NO_TIME,
    show: Callable[[str], None] = lambda _: None,
) -> Competition:
    """The competition with every revision, digest and control loss filled in, measured here and now.

    A revision that is given is kept, else the head of the repository's main branch is taken. `window` is the time that
    remote streams draw the trial round from; `show` takes progress, a line at a time. Raises `HubError`, `StreamError`,
    `ScorerUnavailable`, `ScoringError` where the reference cannot be scored, and `SetupError` where a model is too
    large for the competition's arithmetic.
    """
    constraints = competition.constraints

    def fetch(given: P) -> tuple[P, Path]:
        found, folder = _pinned(given, hub, cache, show)
        _check_size(found, folder, competition.precision)
        return found, folder

    reference, model = fetch(competition.reference)
    bases = tuple(fetch(base)[0] for base in constraints.bases)
    pinned = replace(competition, reference=reference, constraints=replace(constraints, bases=bases))
    folders = Folders(model=model, tokenizer=model if constraints.tokenizer == "reference" else None)
    control = control_samples(pinned, CONTROL_SAMPLES, open_stream)
    trial = draw_samples(pinned, _SEED, open_stream, window).samples
    try:
        show(f"score {reference.repository} on {len(control)} control samples")
        losses = score_all(scorer, folders, control, pinned)
        show(f"score {reference.repository} in a whole round of {len(trial)} samples")
        steps = in_steps(lambda done, total: show(f"scored {done} of {total} samples"))
        score_all(FollowedScorer(scorer=scorer, scored=steps), folders, trial, pinned)
    except ScoringError as error:
        reason = f"is rejected as {error.rejection.reason}" if isinstance(error, ModelRejected) else "cannot be scored"
        raise ScoringError(
            f"{reference.repository} at {reference.revision} cannot be the reference of competition {competition.id},"
            f" for in a round it {reason}: {error}"
        ) from error
    return replace(pinned, reference=replace(reference, control_losses=tuple(losses.tolist())))


def pin_file(
    path: Path,
    hub: Hub,
    cache: ModelCache,
    scorer: Scorer,
    open_stream: OpenStream,
    *,
    window: Window = _NO_TIME,
    show: Callable[[str], None] = lambda _: None,
) -> Competition:
    """Pin a competition and write what was found into its file, whose comments and order stay as they are.

    Raises `CatalogError`, `SetupError`, and what `pin` raises; the file is then as it was.
    """
    import tomlkit

    pinned = pin(read_competition(path), hub, cache, scorer, open_stream, window=window, show=show)
    document: Any = tomlkit.parse(path.read_text("utf-8"))
    tables = [document["reference"], *document["constraints"].get("bases", [])]
    for table, model in zip(tables, (pinned.reference, *pinned.constraints.bases), strict=True):
        table["revision"], table["digest"] = model.revision, model.digest
    document["reference"]["control_losses"] = list(pinned.reference.control_losses)
    write_atomically(path, tomlkit.dumps(document).encode())
    return pinned


def _pinned(pinned: P, hub: Hub, cache: ModelCache, show: Callable[[str], None]) -> tuple[P, Path]:
    listing = hub.listing(pinned.repository, pinned.revision or None)
    show(f"fetch {pinned.repository} at {listing.revision}")
    model = cache.fetch(hub, listing, keep=())
    return replace(pinned, revision=listing.revision, digest=model.digest), model.folder


def _check_size(pinned: Pinned, folder: Path, precision: Precision) -> None:
    """An adapter's file says nothing of the size of its base, which is known only here. Raises `SetupError`."""
    if precision.dtype == "float32":
        found = check_weights(folder, min_parameters=1, max_parameters=FLOAT32_PARAMETERS)
        if found is not None:
            raise SetupError(
                f"{pinned.repository} at {pinned.revision} cannot be scored in float32: {found.text}; larger ones need "
                'dtype = "bfloat16" and the class of hardware under [precision]'
            )
