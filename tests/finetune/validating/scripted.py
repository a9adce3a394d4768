"""Validators whose models are scripted losses: the rules, the memory and the chain are real, hub and scorer are not.

A round takes milliseconds, so that many random schedules can be played.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import numpy as np

from competitions.competition import Competition
from competitions.schedule import Catalog
from competitions.season import Entrant, Season, reference_of, season_start
from competitions.submission import Payload
from finetune.chain.local import LocalChain
from finetune.validating.admit import admit
from finetune.validating.discover import Discovery, discover
from finetune.validating.judge import judge
from finetune.validating.score import until_stopped
from finetune.validating.seating import keep_seats, seating
from finetune.validating.state import State
from finetune.validating.weigh import weigh
from tests.finetune.validating.subnet import REFERENCE_QUALITY, SETTINGS, SYNC_BLOCKS, address, key

NOISE = 0.15  # standard deviation of the log of a batch's loss


class Miners:
    """Who has committed what to one competition, and the losses of it all."""

    def __init__(self, chain: LocalChain, competition: Competition) -> None:
        self.chain, self.competition = chain, competition
        self.qualities: dict[str, float] = {}

    def commit(self, name: str, quality: float) -> Entrant:
        """A miner commits a model of this mean loss."""
        if address(name) not in self.chain.metagraph().by_hotkey:
            self.chain.register(key(name), f"cold-{name}")
        payload = Payload(
            repository="x/m", revision="1" * 40, secure_hash="A" * 43 + "=", competition=self.competition.id
        )
        block = self.chain.commit(key(name), payload.encode())
        entrant = Entrant(block=block, key=f"{address(name)}@{block}")
        self.qualities[entrant.key] = quality
        self.chain.advance()
        return entrant

    def losses(self, entrant: Entrant, sync: int) -> np.ndarray:
        """The losses of a round's batches of one sample: the same for every validator."""
        seed = hashlib.sha256(f"{entrant.key}:{sync}".encode()).digest()
        luck = np.random.default_rng(list(seed)).normal(size=self.competition.round.batches)
        quality = self.qualities.get(entrant.key, REFERENCE_QUALITY)
        return np.asarray(quality * np.exp(luck * (0.0 if entrant.is_reference else NOISE)))


class Scripted:
    """One validator with a memory of its own."""

    def __init__(self, name: str, miners: Miners) -> None:
        self.name, self.miners, self.chain = name, miners, miners.chain
        self.competition = miners.competition
        self.catalog = Catalog((self.competition,))
        self.state = State(Path(":memory:"))

    def wipe(self) -> None:
        """Forget everything."""
        self.state.close()
        self.state = State(Path(":memory:"))

    def champion(self) -> Entrant | None:
        """Who holds the seat after the last round, or None before the first."""
        kept = self.state.seat(self.competition.id)
        return kept[0].champion if kept else None

    def play(self, sync: int, unreachable: Collection[str] = ()) -> None:
        """The round of a sync block; the models of `unreachable` cannot be had from the hub."""
        discovery = discover(self.chain, self.catalog, sync)
        seats = seating(self.state, self.catalog, discovery)
        champion = seats.seat(self.competition).champion
        held = champion.key not in unreachable
        if held:
            self._score(discovery, champion, unreachable)
        present = [one for one in discovery.entrants(self.competition.id) if one.key not in unreachable]
        ready = [one for one in present if one.block + self.competition.round.eval_delay <= sync]
        judgement = judge(discovery, self.competition, seats, self._season(sync), ready, True if held else None)
        keep_seats(self.state, self.catalog, sync, judgement.seats)
        self.chain.set_weights(key(self.name), weigh(self.catalog, discovery, judgement).by_hotkey)

    def _score(self, discovery: Discovery, champion: Entrant, unreachable: Collection[str]) -> None:
        sync, competition, season = discovery.sync, self.competition, self._season(discovery.sync)
        epsilon = competition.epsilon.at(sync - champion.block)
        ours = self.miners.losses(champion, sync)
        reference = reference_of(competition)
        self.state.save_losses(competition.id, sync, reference.key, self.miners.losses(reference, sync), "")
        self.state.save_losses(competition.id, sync, champion.key, ours, "")
        stops = self.state.stops(competition.id, champion.key)
        admission = admit(discovery, competition, champion, season, stops, {})
        there = [one for one in admission.queue if one.key not in unreachable]
        for one in there[: competition.round.challengers]:
            found, stopped = until_stopped(
                self.miners.losses(one, sync).tolist(),
                competition,
                batches=competition.round.batches,
                champion=ours,
                epsilon=epsilon,
                before=season.duel(champion, one, competition, sync),
            )
            self.state.save_losses(competition.id, sync, one.key, found, stopped or "")
            if stopped == "behind":
                self.state.keep_stop(competition.id, champion.key, one.key, epsilon)

    def _season(self, sync: int) -> Season:
        return self.state.season(self.competition.id, season_start(self.competition, sync), 1)


def open_scripted(folder: Path, competition: Competition, stakes: Mapping[str, float]) -> tuple[Miners, list[Scripted]]:
    """A new chain, its miners, and validators of these stakes. The competition's batches are of one sample."""
    chain = LocalChain.create(
        folder / "chain.sqlite", seed=folder.name, settings=SETTINGS, owner_hotkey=address("owner")
    )
    chain.register(key("owner"), "cold-owner")
    for name, stake in stakes.items():
        chain.register(key(name), f"cold-{name}")
        chain.add_stake(f"cold-{name}", address(name), stake)
    chain.advance()
    miners = Miners(chain, competition)
    return miners, [Scripted(name, miners) for name in stakes]


def next_sync(chain: LocalChain) -> int:
    """Let blocks pass until the next sync block."""
    return chain.advance(SYNC_BLOCKS - chain.block() % SYNC_BLOCKS)


def vtrust(chain: LocalChain, validators: Iterable[Scripted]) -> dict[str, float]:
    """The validators' trust by name, as of the newest epoch."""
    neurons = chain.metagraph().by_hotkey
    return {one.name: neurons[address(one.name)].validator_trust for one in validators}
