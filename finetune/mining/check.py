"""The validators' gates at home, one by one and in their order: those on files, then those of loading and scoring.

It asks nobody: what compares a folder with other submissions is in `others`, the duel is in `preflight`.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from competitions.competition import Competition, Pinned
from competitions.rejection import Rejection
from competitions.submission import Payload
from finetune.errors import ModelRejected, ScoringError, SetupError
from finetune.evals.counting import score_all
from finetune.evals.followed import FollowedScorer, in_steps
from finetune.evals.port import Folders, Scorer
from finetune.evals.registry import find_method
from finetune.hub.digest import folder_digest, secure_hash
from finetune.hub.files import ADAPTER_CONFIG
from finetune.hub.gates import CONFIGURATION, check_plain_files, check_settings, find_base, folder_gates, listing_gates
from finetune.hub.port import HubFile, Listing
from finetune.streams.control import generated
from finetune.streams.drawing import TaskSample, draw_samples
from finetune.streams.registry import OpenStream, is_remote
from finetune.streams.sources import Window

_NOBODY = "preflight"
_NO_TIME = Window(start=0.0, end=0.0)
_SEED = hashlib.sha256(b"the gates of loading and scoring").digest()
# Of a method that scores one sample at a time: each kind of sample shows once that it can be scored.
_FEW = 4

# What opening a model runs through, by the engine's word for it: of a full model, and of an adapter over a sound base.
_FULL = {
    "configuration": "tensors",
    "tokenizer": "tokenizer",
    "weights": "numbers in the weights",
    "model": "loading",
    "causality": "causality",
}
_ADAPTER = {"weights": "numbers in the weights", "adapter": "fit to the base"}
_SCORING, _REPLIES = "scoring", "replies"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One gate, and why it turned the folder away if it did."""

    name: str
    rejection: Rejection | None = None

    @property
    def passed(self) -> bool:
        """Whether the folder got through."""
        return self.rejection is None


class PhasedScorer(Scorer, Protocol):
    """A scorer that can say in which phase the last model failed."""

    @property
    def phase(self) -> str:
        """What the engine was doing, in its own words."""
        ...


def passed(gates: Sequence[Gate]) -> bool:
    """Whether every gate let the folder in."""
    return all(gate.passed for gate in gates)


def check_submission(folder: Path, draft: Payload, hotkey: str, competition: Competition) -> Rejection | None:
    """Why validators would turn the folder away before loading, if the draft were committed for it by this hotkey."""
    gates = file_gates(folder, competition, committed=draft.secure_hash, hotkey=hotkey)
    return next((gate.rejection for gate in gates if gate.rejection is not None), None)


def file_gates(
    folder: Path, competition: Competition, *, committed: str | None = None, hotkey: str = _NOBODY
) -> Iterator[Gate]:
    """The gates that load nothing, up to the first that rejects, as for a public repository that holds the folder.

    Without `committed`, the hash is taken to be the one that will be committed.
    """
    for name, rejection in _file_gates(folder, competition, committed, hotkey):
        yield Gate(name=name, rejection=rejection)
        if rejection is not None:
            return


def check_opening(
    ours: Folders,
    competition: Competition,
    *,
    scorer: PhasedScorer,
    open_stream: OpenStream,
    window: Window | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Gate, ...]:
    """The gates of loading and scoring, up to the first that rejects: a few samples of every task are scored.

    As many as the method takes at once, since replies are judged together. Without a `window`, a remote stream is stood
    in for by a generated one, and nobody is asked. Raises `StreamError`, `ScorerUnavailable`.
    """
    samples = tuple(_few_samples(competition, open_stream, window))
    try:
        score_all(told(scorer, "gates", ours.model, say), ours, samples, competition)
    except ScoringError as error:
        return opening_gates(ours, competition, scorer.phase, error)
    return opening_gates(ours, competition)


def opening_gates(
    ours: Folders, competition: Competition, phase: str = "", error: ScoringError | None = None
) -> tuple[Gate, ...]:
    """The gates of loading and scoring by name, the last of them failed where scoring raised in the given phase."""
    names = dict(_ADAPTER if ours.base else _FULL) | {_SCORING: _SCORING}
    if any(task.method == "ifeval" for task in competition.tasks):
        names[_REPLIES] = _REPLIES
    if error is None:
        return tuple(Gate(name=name) for name in names.values())
    rejection = rejection_of(error)
    if rejection.reason == "degenerate_output":
        phase = _REPLIES
    before = list(names)[: list(names).index(phase)] if phase in names else []
    return (
        *(Gate(name=names[one]) for one in before),
        Gate(name=names.get(phase, "opening"), rejection=rejection),
    )


def rejection_of(error: ScoringError) -> Rejection:
    """Why a model cannot be scored on a machine that is sound."""
    if isinstance(error, ModelRejected):
        return error.rejection
    return Rejection(reason="cannot_be_scored", text=str(error))


def base_of(folder: Path, competition: Competition) -> Pinned | None:
    """The pinned base of an adapter that passed the gates on files, none of a full model. Raises `SetupError`."""
    found = find_base(folder, competition.constraints)
    if isinstance(found, Rejection):
        raise SetupError(found.text)
    return found


def told(
    scorer: Scorer, what: str, model: Path, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
) -> FollowedScorer:
    """A scorer that says how far it is with the model, and how long the rest takes at this pace."""
    began = 0.0

    def tell(done: int, total: int) -> None:
        left = (clock() - began) / done * (total - done)
        say(f"{what}: {done} of {total} samples, {_span(left)} left")

    steps = in_steps(tell)

    def scored(done: int, total: int) -> None:
        nonlocal began
        if done:
            steps(done, total)
        else:
            began = clock()
            say(f"{what}: opening {model}")

    return FollowedScorer(scorer=scorer, scored=scored)


def _span(seconds: float) -> str:
    return f"about {seconds / 60:.0f} minutes" if seconds >= 90 else f"about {seconds:.0f} seconds"


def _file_gates(
    folder: Path, competition: Competition, committed: str | None, hotkey: str
) -> Iterator[tuple[str, Rejection | None]]:
    """In a validator's order: by the listing, by one small file, then by the whole folder."""
    constraints = competition.constraints
    files = tuple(HubFile(path=path.name, size=path.stat().st_size) for path in sorted(folder.iterdir()))
    listing = Listing(repository=str(folder), revision="0" * 40, private=False, files=files)
    # Whether it is public shows on the hub alone, where a listing holds no links either.
    yield from ((name, rejection) for name, rejection in listing_gates(listing, constraints) if name != "visibility")
    yield "plain files", check_plain_files(folder)
    yield CONFIGURATION, check_settings(folder, constraints)
    if (folder / ADAPTER_CONFIG).exists():
        base = find_base(folder, constraints)
        yield "base", base if isinstance(base, Rejection) else None
    digest = folder_digest(folder)
    committed = committed or secure_hash(digest, hotkey)
    gates = folder_gates(folder, digest=digest, committed=committed, hotkey=hotkey, constraints=constraints)
    yield from ((name, rejection) for name, rejection in gates if name not in ("plain files", CONFIGURATION))


def _few_samples(competition: Competition, open_stream: OpenStream, window: Window | None) -> Iterator[TaskSample]:
    """Some samples of every task, never more of one than a round has."""
    rounds = competition.round
    for task in competition.tasks:
        asked = task if window is not None or not is_remote(task.stream) else generated(task)
        many = find_method(task.method).batch
        of_round = max(1, round(task.weight * rounds.batches)) * rounds.batch_size
        count = min(many if many > 1 else _FEW, of_round)
        one_task = replace(
            competition,
            tasks=(replace(asked, weight=1.0),),
            round=replace(rounds, batches=count, batch_size=1),
        )
        yield from draw_samples(one_task, _SEED, open_stream, window or _NO_TIME).samples
