"""Stage 8, report: one self-contained, signed record of a round, as JSON, from which the round can be judged again."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from competitions.batches import Losses
from competitions.competition import Competition
from competitions.rejection import Rejection
from competitions.schedule import Catalog
from competitions.season import REFERENCE
from finetune.errors import SetupError
from finetune.files import write_atomically
from finetune.signing import canonical
from finetune.streams.drawing import Drawn
from finetune.validating.admit import Admission
from finetune.validating.digests import digest_over, sample_digests
from finetune.validating.discover import Discovery
from finetune.validating.download import Roster
from finetune.validating.earlier import Earlier
from finetune.validating.judge import Judgement
from finetune.validating.lineage import reference_key
from finetune.validating.machine import Machine
from finetune.validating.moves import Moves, end_move, start_move
from finetune.validating.pace import Pace, saved
from finetune.validating.past import Past
from finetune.validating.score import Scoring
from finetune.validating.seating import Seating
from finetune.validating.state import KnownModel
from finetune.validating.weigh import Weights

FORMAT = 2  # of the record; a reader refuses what it does not know
# What honest validators of one round may differ in: time and machine. All else follows from chain, hub and history.
OWN = ("device", "isolation", "paces", "saved", "seconds", "versions")

Record = dict[str, Any]


def make_record(
    *,
    catalog: Catalog,
    competition: Competition,
    discovery: Discovery,
    seats: Seating,
    earlier: Earlier,
    admission: Admission,
    roster: Roster,
    models: Mapping[str, KnownModel],
    drawn: Drawn,
    scoring: Scoring,
    losses: Mapping[str, tuple[Losses, str]],
    rejections: Mapping[str, Rejection],
    judgement: Judgement,
    weights: Weights,
    machine: Machine,
    isolation: str,
    seconds: Mapping[str, float],
    paces: Mapping[str, Pace],
    past: Mapping[str, Past],
) -> Record:
    """All of a round. `losses` are per sample, by key, with why scoring stopped; `seconds` are per stage.

    `models` is what is known of every model that was ever here, `paces` are of the models scored in this round, and
    `past` their losses on samples of rounds before their commit.
    `isolation` is the level that models were kept at while they were scored. Everything but what `OWN` names is the
    same on every validator that saw the same chain and hub in this round and those before it.
    """
    out = {**discovery.rejections, **admission.rejections, **roster.rejections}
    entrants = {entrant.key for entrant in discovery.entrants(competition.id)}
    out |= {key: rejection for key, rejection in rejections.items() if key in entrants}
    if scoring.champion is not None:
        out[judgement.champion] = scoring.champion
    digests = sample_digests(drawn.samples)
    return {
        "format": FORMAT,
        "sync": discovery.sync,
        "seed": discovery.seed,
        "time": discovery.time,
        "tempo": discovery.tempo,
        "owner": discovery.owner_hotkey,
        "consensus": dict(discovery.consensus),
        "uids": dict(discovery.uids),
        "catalog": catalog.fingerprint,
        "competitions": [asdict(one) for one in catalog.competitions],
        "competition": asdict(competition),
        "earlier": asdict(earlier),
        "champion": {"before": judgement.champion, "after": judgement.seats[str(competition.id)].champion.key},
        "epsilon": judgement.epsilon,
        "dethroner": judgement.dethroner,
        "heirs": _plain(judgement.heirs),
        "seats": {"before": _plain(seats.seats), "after": _plain(judgement.seats)},
        "moves": asdict(_moves(competition, discovery, seats, earlier, judgement, judgement.champion in losses)),
        "submissions": [asdict(one) for one in discovery.submissions],
        "models": _known(models, entrants, competition),
        "candidates": [asdict(one) for one in admission.candidates],
        "queue": [one.key for one in admission.queue],
        "resting": list(admission.resting),
        "absent": list(roster.absent),
        "lineage": _plain(roster.lineages),
        "reachable": judgement.reachable,
        "rejections": _plain(out),
        "gates": gate_results(entrants, losses, out, admission.resting),
        "samples": {
            "count": len(digests),
            "digest": digest_over(digests),
            "digests": list(digests),
            "skipped": {task: dict(counts) for task, counts in drawn.skipped.items()},
        },
        "past": _plain(past),
        "control": list(scoring.control),
        "losses": {key: {"samples": found.tolist(), "stopped": stopped} for key, (found, stopped) in losses.items()},
        "duels": _plain(judgement.duels),
        "dropped_config_keys": {one.entrant.key: list(one.dropped) for one in roster.scored() if one.dropped},
        "weights": dict(weights.by_hotkey),
        "device": machine.device,
        "versions": dict(machine.versions),
        "isolation": isolation,
        "seconds": dict(seconds),
        "paces": _plain(paces),
        "saved": asdict(saved(losses, paces, len(digests))),
    }


def gate_results(
    entrants: Collection[str], scored: Collection[str], rejected: Mapping[str, Rejection], resting: Collection[str]
) -> dict[str, str]:
    """By key, what the gates found of each submission to the competition.

    `passed`: all of them, and it was scored. `resting`: it had passed them when it was stopped early. `waiting`: its
    turn has not come, so its files were not looked at in this round. Else the reason of the gate that it failed.
    """

    def result(key: str) -> str:
        if key in rejected:
            return rejected[key].reason
        return "passed" if key in scored else "resting" if key in resting else "waiting"

    return {key: result(key) for key in sorted(entrants)}


def _moves(
    competition: Competition,
    discovery: Discovery,
    seats: Seating,
    earlier: Earlier,
    judgement: Judgement,
    scored: bool,
) -> Moves:
    number, before = str(competition.id), seats.seat(competition)
    after, dethroner = judgement.seats[number], judgement.dethroner
    return Moves(
        start=start_move(earlier.seats[number], before, discovery.standing, competition),
        end=end_move(before, after, judgement.duels, dethroner, scored, competition),
    )


def _known(models: Mapping[str, KnownModel], entrants: Collection[str], competition: Competition) -> Record:
    """What is known of the reference and of the competition's submissions, as tables by key."""
    names = {REFERENCE: reference_key(competition), **{key: key for key in sorted(entrants)}}
    return {key: asdict(models[name]) for key, name in names.items() if name in models}


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
        write_atomically(self.folder / name, canonical(report))
