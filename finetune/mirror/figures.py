"""A round's report as the row that wandb gets. Pure: it knows no wandb and no clock.

A name that subnet 37's validators have used on wandb all along keeps it where the meaning is the same. Figures by
entrant are tables by uid, and of the reference under "reference".
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from competitions.batches import Losses, plan
from competitions.season import REFERENCE
from finetune.board.record import Account

# wandb leaves out a row of 10 MB, and quotes in a text take two bytes in a row.
MOST_RECORD_BYTES = 4_000_000

Row = dict[str, Any]


def row_of(report: Mapping[str, Any], account: Account, written: float) -> Row:
    """The row of one round. `written` is when the report was, in Unix seconds.

    `original_format_json` holds the whole signed report beside what the public subnet's tools read there; it is left
    out of a report that wandb could not take.
    """
    record, named = account.record, _namer(account)
    entrants = _entrants(account)
    row: Row = {
        "_timestamp": written,
        "time": written,
        "block": record.sync,
        "step_competition_id": record.competition.id,
        "uid_data": _column(entrants, "average_loss"),
        "uid_epsilon_adv": _column(entrants, "epsilon_adv"),
        "win_rate_data": _column(entrants, "win_rate"),
        "win_total_data": _column(entrants, "win_total"),
        "weight_data": {named(hotkey): weight for hotkey, weight in record.weights.items()},
        "competition_weight_data": {named(record.champion.after): 1.0},
        "competition_id": _column(entrants, "competition_id"),
        **{name: _column(entrants, name) for name in (f"{task.name}.raw_score" for task in record.competition.tasks)},
        "sample_data": {named(key): len(scored.samples) for key, scored in account.losses.items()},
        "stopped_data": {named(key): scored.stopped for key, scored in account.losses.items() if scored.stopped},
        "duel_data": {named(key): asdict(duel) for key, duel in record.duels.items()},
        "rejection_data": {named(key): rejection.reason for key, rejection in record.rejections.items()},
        "seat_data": {number: named(seat.champion.key) for number, seat in record.seats.after.items()},
        "champion_before": named(record.champion.before),
        "champion_after": named(record.champion.after),
        "dethroner": named(record.dethroner) if record.dethroner else "",
        "catalog": record.catalog,
        "seconds": dict(record.seconds),
    }
    text = json.dumps(_step_log(report, account, entrants, written))
    if len(text) <= MOST_RECORD_BYTES:
        row["original_format_json"] = text
    return {name: value for name, value in row.items() if value != {}}


def _namer(account: Account) -> Callable[[str], str]:
    """What an entrant's key or a hotkey is called: its uid; itself, where it has none."""
    uids = account.record.uids
    return lambda key: str(uids.get(key.partition("@")[0], key))


def _entrants(account: Account) -> dict[str, Row]:
    """What is known of everybody who was scored, by name, in the words of the public subnet."""
    record, named = account.record, _namer(account)
    submissions = {one.key: one for one in record.submissions}
    entrants = {}
    for key, scored in account.losses.items():
        if not len(scored.samples):
            continue
        known: Row = {
            "competition_id": record.competition.id,
            "average_loss": float(scored.samples.mean()),
            # A champion is counted with epsilon, a challenger never.
            "epsilon_adv": record.epsilon if key == record.champion.before else 0.0,
            **_wins(account, key),
            **_raw_scores(account, scored.samples),
        }
        if key != REFERENCE:
            hotkey = key.partition("@")[0]
            known |= {"uid": record.uids.get(hotkey), "weight": record.weights.get(hotkey, 0.0)}
        if key in submissions:
            known |= {"block": submissions[key].block, "hf": submissions[key].payload.repository}
        entrants[named(key)] = known
    return entrants


def _wins(account: Account, key: str) -> Row:
    """Batches won this season, and their share: of a challenger in its duel, of the champion in all of them."""
    duels = account.record.duels
    if key in duels:
        won, fought = duels[key].wins, duels[key].batches
    elif key == account.record.champion.before and duels:
        won, fought = sum(one.losses for one in duels.values()), sum(one.batches for one in duels.values())
    else:
        return {}
    return {"win_total": won, "win_rate": won / fought if fought else 0.0}


def _raw_scores(account: Account, samples: Losses) -> Row:
    """The mean loss on each task's samples. One that was stopped early may not have come to every task."""
    competition = account.record.competition
    tasks = np.repeat([task.name for task in plan(competition)], competition.round.batch_size)[: len(samples)]
    return {f"{name}.raw_score": float(samples[tasks == name].mean()) for name in dict.fromkeys(tasks.tolist())}


def _step_log(report: Mapping[str, Any], account: Account, entrants: Mapping[str, Row], written: float) -> Row:
    record = account.record
    return {
        "timestamp": written,
        "competition_id": record.competition.id,
        "seed": record.seed,
        "uids": [one["uid"] for one in entrants.values() if one.get("uid") is not None],
        "uid_data": entrants,
        **report,
    }


def _column(entrants: Mapping[str, Row], name: str) -> Row:
    return {entrant: known[name] for entrant, known in entrants.items() if name in known}
