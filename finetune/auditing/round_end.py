"""The second half of a round from its report alone: losses, duels, seats and weights. Each check gives its faults.

The validator's own functions are asked again wherever there is one. What earlier rounds have left is taken as told.
"""

from collections.abc import Iterator
from itertools import pairwise
from math import isclose

import numpy as np

from competitions.batches import plan
from competitions.dethroning import dethrones
from competitions.duel import Tally
from competitions.evidence import evidence, least_batches
from competitions.schedule import Catalog
from competitions.season import REFERENCE
from competitions.seat import Seat, saw_champion, vacate
from competitions.weights import weigh
from finetune.auditing.check import differs
from finetune.auditing.told import (
    NO_BATCHES,
    added,
    batches_of,
    discovery_of,
    earlier_of,
    rivals_of,
    round_tally,
    seat_of,
)
from finetune.board.record import Account, Record
from finetune.validating.judge import Duel, leads
from finetune.validating.moves import end_move, start_move
from finetune.validating.pace import saved
from finetune.validating.past import past_round, past_tasks
from finetune.validating.report import gate_results
from finetune.validating.score import until_stopped

_LAST_BITS = 1e-9  # relative; a season's mean is not summed here in the order it was


def losses(account: Account) -> Iterator[str | None]:
    """Who was scored, how far, and why each stopped."""
    record, rules = account.record, account.record.competition.round
    holders, total = {REFERENCE, record.champion.before}, rules.batches * rules.batch_size
    others = [key for key in account.losses if key not in holders]
    if record.champion.before not in account.losses:
        yield differs("losses, although the champion has none", others, [])
        return
    worst = np.repeat([task.worst for task in plan(record.competition)], rules.batch_size)
    held = batches_of(account, record.champion.before)
    for key, scored in account.losses.items():
        count = len(scored.samples)
        if count > total or count % rules.batch_size:
            yield f"losses.{key}: has {count} samples; a round has {total} in batches of {rules.batch_size}"
            return
        if (scored.samples > worst[:count]).any():
            yield f"losses.{key}: has a loss beyond the worst of its task"
        if key in holders:
            yield differs(f"losses.{key}, samples", (count, scored.stopped), (total, ""))
    for key in others:
        scored = account.losses[key]
        kept, stopped = until_stopped(
            scored.samples.tolist(),
            record.competition,
            batches=rules.batches,
            champion=held,
            epsilon=record.epsilon,
            before=earlier_of(record).duels.get(key, NO_BATCHES),
        )
        yield differs(f"losses.{key}, samples until the stop", len(scored.samples), len(kept) if stopped else total)
        yield differs(f"losses.{key}, why it stopped", scored.stopped, stopped or "")
    yield differs("losses, of who is not in the queue", sorted(set(others) - set(record.queue)), [])
    if len(others) > rules.challengers:
        yield f"losses: of {len(others)} challengers; a round has {rules.challengers} places"


def duels(account: Account) -> Iterator[str | None]:
    """Duels and their evidence: what earlier rounds have left, and the losses of this one."""
    record, champion = account.record, seat_of(account.record).champion
    expected: dict[str, Tally] = {}
    for one in rivals_of(record):
        before, now = earlier_of(record).duels.get(one.key, NO_BATCHES), round_tally(account, champion.key, one.key)
        if one.key not in record.rejections and before.batches + now.batches:
            expected[one.key] = added(before, now)
    yield differs("duels, who has one", sorted(record.duels), sorted(expected))
    for key in sorted(set(record.duels) & set(expected)):
        yield from _duel(f"duels.{key}", record.duels[key], expected[key])
    for key, duel in record.heirs.items():
        yield differs(f"heirs.{key}.evidence", duel.evidence, evidence(duel.wins, duel.losses))


def _duel(name: str, told: Duel, found: Tally) -> Iterator[str | None]:
    for part in ("wins", "losses", "batches"):
        yield differs(f"{name}.{part}", getattr(told, part), getattr(found, part))
    for part in ("champion_mean", "challenger_mean"):
        if not isclose(getattr(told, part), getattr(found, part), rel_tol=_LAST_BITS):
            yield differs(f"{name}.{part}", getattr(told, part), getattr(found, part))
    yield differs(f"{name}.evidence", told.evidence, evidence(found.wins, found.losses))


def seats_after(account: Account) -> Iterator[str | None]:
    """Who dethrones, who inherits, and the vacancy rule."""
    record, rules = account.record, account.record.competition
    before, duels = seat_of(record), record.duels
    rivals = sorted(one for one in rivals_of(record) if one.key in duels)
    winners = [one for one in rivals if dethrones(duels[one.key].tally, rules)]
    dethroner = min(
        winners, key=lambda one: (duels[one.key].challenger_mean / duels[one.key].champion_mean, one), default=None
    )
    yield differs("dethroner", record.dethroner, dethroner.key if dethroner else None)
    ahead = [one for one in rivals if dethroner and one != dethroner and leads(duels[one.key])]
    yield differs("heirs, of who does not lead", sorted(set(record.heirs) - {one.key for one in ahead}), [])
    after = before
    if dethroner is not None:
        met = least_batches(rules.judge.stop_alpha)
        first = [
            one
            for one in ahead
            if one < dethroner
            and (found := record.heirs.get(one.key)) is not None
            and found.batches >= met
            and found.wins <= found.losses
        ]
        after = before.taken_by(min(first, default=dethroner))
    if after.champion == before.champion and record.reachable is not None:
        after = vacate(saw_champion(after, record.reachable), discovery_of(record).standing, rules)
    expected: dict[str, Seat] = {**record.seats.before, str(rules.id): after}
    for number in sorted(expected):
        yield differs(f"seats.after.{number}", record.seats.after[number], expected[number])
    yield differs("champion.after", record.champion.after, after.champion.key)
    if before.champion.key not in account.losses:
        yield None if record.reachable is not True else "reachable: true, although the champion has no losses"


def weights(record: Record) -> Iterator[str | None]:
    """Reward shares by seat."""
    running = Catalog(record.competitions).at(record.sync)
    expected = weigh([(one, record.seats.after[str(one.id)]) for one in running], record.owner)
    yield differs("weights", dict(record.weights), expected)


def past(account: Account) -> Iterator[str | None]:
    """Which past round each entrant's leakage was measured on, and on how many samples; the losses decide nothing."""
    record, rules = account.record, account.record.competition
    entrants = {one.key: one for one in discovery_of(record).entrants(rules.id)}
    yield differs("past, of who was not scored", sorted(set(record.past) - (set(account.losses) & set(entrants))), [])
    for key, found in record.past.items():
        yield differs(f"past.{key}.sync", found.sync, past_round(Catalog(record.competitions), rules, entrants[key]))
        yield differs(f"past.{key}.samples, how many", len(found.samples), len(past_tasks(rules)))


def told(account: Account) -> Iterator[str | None]:
    """What is told for people and follows from the rest: gates, moves of the seat, savings."""
    record, number = account.record, str(account.record.competition.id)
    rules, discovery = record.competition, discovery_of(record)
    before, after = record.seats.before[number], record.seats.after[number]
    scored = record.champion.before in account.losses
    entrants = [one.key for one in discovery.entrants(rules.id)]
    yield differs("gates", record.gates, gate_results(entrants, account.losses, record.rejections, record.resting))
    kept = earlier_of(record).seats[number]
    if record.moves is not None:
        start = start_move(kept, before, discovery.standing, rules)
        yield differs("moves.start", record.moves.start, start)
        yield differs(
            "moves.end", record.moves.end, end_move(before, after, record.duels, record.dethroner, scored, rules)
        )
    losses = {key: (one.samples, one.stopped) for key, one in account.losses.items()}
    yield differs("saved", record.saved, saved(losses, record.paces, record.samples.count))
    yield differs("paces, whose", sorted(record.paces), sorted(account.losses))
    order = [(one.block, one.hotkey) for one in record.submissions]
    yield None if all(one < other for one, other in pairwise(order)) else "submissions: are not in order, or one twice"
