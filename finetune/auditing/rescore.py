"""Losses of a report computed again: the models fetched and verified, random samples scored by this machine."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from competitions.competition import Pinned
from competitions.season import REFERENCE
from finetune.auditing.check import Check
from finetune.board.record import Account, Record
from finetune.errors import BadDownload, HubError, ScoringError
from finetune.evals.counting import score_all
from finetune.evals.port import Folders, Scorer
from finetune.hub.cache import ModelCache
from finetune.hub.gates import check_folder, check_listing
from finetune.hub.pinned import fetch_pinned
from finetune.hub.port import Hub
from finetune.streams.control import control_samples
from finetune.streams.drawing import TaskSample
from finetune.streams.registry import OpenStream
from finetune.validating.control import check_control


@dataclass(frozen=True, kw_only=True)
class Means:
    """What scoring again takes: where models are, where they are kept, and what scores them."""

    hub: Hub
    cache: ModelCache
    scorer: Scorer
    open_stream: OpenStream
    say: Callable[[str], None]


def rescore(account: Account, samples: Sequence[TaskSample], count: int, seed: int, means: Means) -> tuple[Check, ...]:
    """Score `count` of the losses again, drawn by `seed`: one check a model, and before them one of this machine.

    A loss may be off by the tolerance that the competition states for control losses. Where the reference's control
    losses are off by more here, this machine is wrong and judges nobody; a model that strangers cannot read any more is
    not checked. Raises `ScorerUnavailable`.
    """
    machine = _machine(account.record, means)
    if machine.outcome != "passed":
        return (machine,)
    chosen = choose_losses(account, count, seed)
    return (machine, *(_model(account, key, numbers, samples, means) for key, numbers in chosen.items()))


def _machine(record: Record, means: Means) -> Check:
    """Whether this machine finds the reference's known losses."""
    name, rules = "this machine finds the reference's control losses", record.competition
    means.say("fetch and score the reference on the control samples")
    try:
        control = control_samples(rules, len(rules.reference.control_losses), means.open_stream)
        check_control(score_all(means.scorer, _folders(record, REFERENCE, means), control, rules).tolist(), rules)
    except (HubError, ScoringError) as error:
        return Check(name=name, skipped=str(error))
    return Check(name=name)


def choose_losses(account: Account, count: int, seed: int) -> Mapping[str, list[int]]:
    """By key: which of its samples are scored again, of all losses of the report, in order."""
    pairs = [(key, n) for key, scored in sorted(account.losses.items()) for n in range(len(scored.samples))]
    drawn = np.random.default_rng(seed).permutation(len(pairs))[:count]
    chosen: dict[str, list[int]] = defaultdict(list)
    for key, number in sorted(pairs[one] for one in drawn):
        chosen[key].append(number)
    return chosen


def _model(account: Account, key: str, numbers: Sequence[int], samples: Sequence[TaskSample], means: Means) -> Check:
    record, name = account.record, f"{len(numbers)} losses of {key}, scored again"
    means.say(f"fetch and score {key}")
    try:
        folders = _folders(record, key, means)
        found = score_all(means.scorer, folders, [samples[number] for number in numbers], record.competition)
    except BadDownload as error:
        return Check(name=name, faults=(str(error),))
    except HubError as error:
        return Check(name=name, skipped=str(error))
    except ScoringError as error:
        return Check(name=name, faults=(f"the report has losses, and the model cannot be scored: {error}",))
    tolerance, told = record.competition.reference.control_tolerance, account.losses[key].samples
    faults = [
        f"losses.{key}: sample {number} has {told[number]:.6f} in the report and {loss:.6f} here; "
        f"the competition allows a difference of {tolerance:g}"
        for number, loss in zip(numbers, found, strict=True)
        if not abs(told[number] - loss) <= tolerance
    ]
    return Check(name=name, faults=tuple(faults))


def _folders(record: Record, key: str, means: Means) -> Folders:
    """The verified files of a model. Raises `HubError`, `BadDownload` for files that are not the report's."""
    rules = record.competition
    fixed = _pinned(rules.reference, means) if rules.constraints.tokenizer == "reference" else None
    if key == REFERENCE:
        return Folders(model=_pinned(rules.reference, means), tokenizer=fixed)
    base = next((one for one in rules.constraints.bases if one.digest == record.models[key].base), None)
    submission = next(one for one in record.submissions if one.key == key)
    listing = means.hub.listing(submission.payload.repository, submission.payload.revision)
    if rejection := check_listing(listing, rules.constraints):
        raise HubError(rejection.text)
    model = means.cache.fetch(means.hub, listing, keep=())
    rejection = check_folder(
        model.folder,
        digest=model.digest,
        committed=submission.payload.secure_hash,
        hotkey=submission.hotkey,
        constraints=rules.constraints,
    )
    if rejection is not None:
        raise BadDownload(f"{submission.payload.repository}: {rejection.text}")
    if model.digest != record.models[key].digest:
        raise BadDownload(f"models.{key}: the report tells digest {record.models[key].digest}, found is {model.digest}")
    return Folders(model=model.folder, base=_pinned(base, means) if base else None, tokenizer=fixed)


def _pinned(pinned: Pinned, means: Means) -> Path:
    return fetch_pinned(pinned, means.hub, means.cache).folder
