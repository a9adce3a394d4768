"""The whole simulation: every part in turn, and its figures as one value."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from typing import Any

from finetune.simulation.climb import Climb, climb
from finetune.simulation.copies import Copy, copy_cost
from finetune.simulation.crowd import Crowd, equals
from finetune.simulation.decision import Decision, decision
from finetune.simulation.field import Field, field
from finetune.simulation.setting import Age, Over, Setting
from finetune.simulation.world import COPY_SPREAD

ROUNDS = 20  # of every part that does not play until somebody wins

BETTER = (0.01, 0.02, 0.05, 0.1)
SPREADS = (0.02, 0.05, 0.1)  # of the chance to win a batch, between rounds, beside none
COPIES = (0.0, COPY_SPREAD, 0.01)  # how much copies differ; the last is a copy with noise as large as epsilon's end
AGES: tuple[Age, ...] = ("old", "new")

# A stage by its name and its number of units; what it gives is told how far it is.
Stage = Callable[[str, int], AbstractContextManager[Over]]


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is played: `equals` without shared luck, `spread_equals` with; plays of each climb, copy and field."""

    equals: int
    spread_equals: int
    climbs: int
    copies: int
    fields: int


FULL = Size(equals=20_000, spread_equals=5_000, climbs=100, copies=100, fields=200)
QUICK = Size(equals=250, spread_equals=250, climbs=5, copies=5, fields=5)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All that was found; `about` says of what. Only `decision` depends on the machine."""

    about: dict[str, Any]
    equals: list[Crowd]
    climbs: list[Climb]
    copies: list[Copy]
    fields: list[Field]
    decision: Decision

    def as_json(self) -> bytes:
        """One JSON object."""
        return json.dumps(asdict(self), indent=2).encode() + b"\n"


def simulate(setting: Setting, size: Size, stage: Stage, clock: Callable[[], float]) -> Figures:
    """Run every part; the same setting and size give the same figures, `decision` aside. `clock` gives seconds."""
    return Figures(
        about=_about(setting),
        equals=_equals(setting, size, stage),
        climbs=_climbs(setting, size, stage),
        copies=_copies(setting, size, stage),
        fields=_fields(setting, size, stage),
        decision=_decision(setting, stage, clock),
    )


def _about(setting: Setting) -> dict[str, Any]:
    competition = setting.competition
    return {
        "competition": competition.title,
        "seed": setting.seed,
        "rounds": ROUNDS,
        "batches": competition.round.batches,
        "batch_size": competition.round.batch_size,
        "alpha": competition.judge.alpha,
        "stop_alpha": competition.judge.stop_alpha,
        "epsilon_start": competition.epsilon.start,
        "epsilon_end": competition.epsilon.end,
        "epsilon_new": competition.epsilon.at(setting.first_sync - setting.champion("new").block),
        "epsilon_rounds": competition.epsilon.decay_blocks // competition.round.sync_blocks,
        "spread": setting.world.spread,
    }


def _equals(setting: Setting, size: Size, stage: Stage) -> list[Crowd]:
    epsilons = (0.0, setting.competition.epsilon.end)
    parts = [(0.0, size.equals), *((spread, size.spread_equals) for spread in SPREADS)]
    found, done = [], 0
    with stage("challengers of equal strength", sum(many for _, many in parts)) as over:
        for spread, many in parts:
            world = replace(setting.world, between_rounds=spread)
            found += equals(replace(setting, world=world), epsilons, many, ROUNDS, _after(done, over))
            done += many
    return found


def _climbs(setting: Setting, size: Size, stage: Stage) -> list[Climb]:
    parts = [(better, age) for age in AGES for better in BETTER]
    with stage("better challengers", size.climbs * len(parts)) as over:
        return [
            climb(setting, better, age, size.climbs, _after(size.climbs * number, over))
            for number, (better, age) in enumerate(parts)
        ]


def _copies(setting: Setting, size: Size, stage: Stage) -> list[Copy]:
    parts = [(spread, age) for age in AGES for spread in COPIES]
    with stage("copies", size.copies * len(parts)) as over:
        return [
            copy_cost(setting, spread, age, size.copies, ROUNDS, _after(size.copies * number, over))
            for number, (spread, age) in enumerate(parts)
        ]


def _fields(setting: Setting, size: Size, stage: Stage) -> list[Field]:
    worlds = [setting.world, replace(setting.world, between_rounds=SPREADS[1])]
    parts = [(world, age) for world in worlds for age in AGES]
    with stage("fields of ten", size.fields * len(parts)) as over:
        return [
            field(replace(setting, world=world), age, size.fields, ROUNDS, _after(size.fields * number, over))
            for number, (world, age) in enumerate(parts)
        ]


def _decision(setting: Setting, stage: Stage, clock: Callable[[], float]) -> Decision:
    times = 5
    with stage("one large decision", times) as over:
        return decision(setting, 256, 10_000, times, clock, over)


def _after(done: int, over: Over) -> Over:
    """The progress of a part that begins when `done` units of its stage are over."""
    return lambda doing, units: over(doing, done + units)
