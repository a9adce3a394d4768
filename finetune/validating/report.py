"""Stage 8, report: one self-contained, signed record of a round, as JSON, from which the round can be judged again."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from competitions.batches import Losses
from competitions.competition import Competition
from competitions.rejection import Rejection
from competitions.schedule import Catalog
from finetune.errors import SetupError
from finetune.files import write_atomically
from finetune.validating.admit import Admission
from finetune.validating.discover import Discovery
from finetune.validating.download import Roster
from finetune.validating.judge import Judgement
from finetune.validating.sample import Drawn, samples_digest
from finetune.validating.score import Scoring
from finetune.validating.seating import Seating
from finetune.validating.weigh import Weights

FORMAT = 1  # of the record; a reader refuses what it does not know

Record = dict[str, Any]


def make_record(
    *,
    catalog: Catalog,
    competition: Competition,
    discovery: Discovery,
    seats: Seating,
    admission: Admission,
    roster: Roster,
    drawn: Drawn,
    scoring: Scoring,
    losses: Mapping[str, tuple[Losses, str]],
    rejections: Mapping[str, Rejection],
    judgement: Judgement,
    weights: Weights,
    isolation: str,
    seconds: Mapping[str, float],
) -> Record:
    """All of a round. `losses` are per sample, by key, with why scoring stopped; `seconds` are per stage.

    `isolation` is the level that models were kept at while they were scored. Everything but it and `seconds` is the
    same on every validator that saw the same chain and hub and held the same seats.
    """
    out = {**discovery.rejections, **admission.rejections, **roster.rejections}
    entrants = {entrant.key for entrant in discovery.entrants(competition.id)}
    out |= {key: rejection for key, rejection in rejections.items() if key in entrants}
    if scoring.champion is not None:
        out[judgement.champion] = scoring.champion
    return {
        "format": FORMAT,
        "sync": discovery.sync,
        "seed": discovery.seed,
        "tempo": discovery.tempo,
        "owner": discovery.owner_hotkey,
        "consensus": dict(discovery.consensus),
        "uids": dict(discovery.uids),
        "catalog": catalog.fingerprint,
        "competition": asdict(competition),
        "champion": {"before": judgement.champion, "after": judgement.seats[str(competition.id)].champion.key},
        "epsilon": judgement.epsilon,
        "dethroner": judgement.dethroner,
        "seats": {"before": _plain(seats.seats), "after": _plain(judgement.seats)},
        "submissions": [asdict(one) for one in discovery.submissions],
        "queue": [one.key for one in admission.queue],
        "resting": list(admission.resting),
        "absent": list(roster.absent),
        "lineage": _plain(roster.lineages),
        "reachable": judgement.reachable,
        "rejections": _plain(out),
        "samples": {
            "count": len(drawn.samples),
            "digest": samples_digest(drawn.samples),
            "skipped": {task: dict(counts) for task, counts in drawn.skipped.items()},
        },
        "control": list(scoring.control),
        "losses": {key: {"samples": found.tolist(), "stopped": stopped} for key, (found, stopped) in losses.items()},
        "duels": _plain(judgement.duels),
        "dropped_config_keys": {one.entrant.key: list(one.dropped) for one in roster.scored() if one.dropped},
        "weights": dict(weights.by_hotkey),
        "isolation": isolation,
        "seconds": dict(seconds),
    }


def _plain(values: Mapping[str, Any]) -> Record:
    """A table of dataclasses as a table of tables."""
    return {key: asdict(value) for key, value in values.items()}


class ReportFolder:
    """Keeps every report as one file, named by its sync block and competition."""

    def __init__(self, folder: Path) -> None:
        """Make the folder where it is not there yet. Raises `SetupError`."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"the report folder {folder} cannot be made: {error.strerror}") from error
        self.folder = folder

    def publish(self, report: Mapping[str, Any]) -> None:
        """Write the report, replacing an earlier one of the same round. Raises `SetupError`."""
        record = report["record"]
        name = f"{record['sync']:09d}-{record['competition']['id']}.json"
        write_atomically(self.folder / name, json.dumps(report, sort_keys=True).encode())
