"""Validators that are late, killed, absent, cut off from the hub or wiped, round by round, on one chain.

Losses are noisy, the same on every validator, so that the seat changes by evidence and a lost round is missed.
"""

import hashlib
import math
import shutil
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from competitions.season import Entrant
from finetune.chain.port import Neuron
from finetune.errors import HubUnavailable
from finetune.evals.port import Folders
from finetune.streams.sample import Sample
from tests.finetune.validating.subnet import (
    REFERENCE_QUALITY,
    SYNC_BLOCKS,
    FaultyHub,
    Node,
    Subnet,
    TensorScorer,
    address,
)


class Killed(BaseException):
    """The process ends here."""


class NoisyScorer(TensorScorer):
    """A `TensorScorer` of which each model does somewhat better or worse on each sample.

    The process is killed after `dies_at` more samples, where that is given.
    """

    noise = 0.15  # standard deviation of the log of a sample's loss
    dies_at: int | None = None

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, Sample]], *, sequence_length: int, dtype: str
    ) -> Generator[float, None, None]:
        found = super().losses(folders, items, sequence_length=sequence_length, dtype=dtype)
        for (_, sample), loss in zip(items, found, strict=True):
            if self.dies_at is not None:
                if self.dies_at == 0:
                    raise Killed
                self.dies_at -= 1
            yield loss * math.exp(self.noise * luck(self.scored[-1], sample))


def luck(quality: float, sample: Sample) -> float:
    """About normal with mean 0 and deviation 1, from the model and the sample's text; the reference has none."""
    if quality == REFERENCE_QUALITY:
        return 0.0
    digest = hashlib.sha256(f"{quality}:{sample.reference}".encode()).digest()
    return sum(digest[:12]) / 255 - 6


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What befalls one validator in one round.

    It is `away`, or it is `wiped` before the round, or the process dies after `dies_at` samples and starts again in
    the next round, or the hub does not answer for the models of `cut_off`.
    """

    away: bool = False
    wiped: bool = False
    dies_at: int | None = None
    cut_off: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Played:
    """What stood after a round: champions by validator, those that run; neurons by name as of the round's sync block.

    Weights of a round land in the block after its sync block and are revealed at the next one: a round's neurons show
    the weights of the round before.
    """

    sync: int
    champions: Mapping[str, Entrant]
    neurons: Mapping[str, Neuron]


class Disturbed:
    """A subnet and its validators, by stake."""

    def __init__(self, subnet: Subnet, stakes: Mapping[str, float]) -> None:
        self.subnet = subnet
        self.names = tuple(stakes)
        self.nodes: dict[str, Node] = {}
        self.hubs = {name: FaultyHub(subnet.warehouse.hub()) for name in stakes}
        for name, stake in stakes.items():
            subnet.join(name, stake=stake)
        subnet.chain.advance()

    def play(self, troubles: Mapping[str, Trouble]) -> Played:
        """One round: everybody who is there steps at its sync block until nothing is left to do, and later again."""
        sync = self.subnet.next_sync()
        for name in self.names:
            self._play(name, troubles.get(name, Trouble()))
        neurons = self.subnet.chain.metagraph(sync).by_hotkey
        running = {name: node for name, node in self.nodes.items() if node.state.seat(1)}
        played = Played(
            sync=sync,
            champions={name: node.champion() for name, node in running.items()},
            neurons={name: neurons[address(name)] for name in self.names},
        )
        self.subnet.chain.advance(SYNC_BLOCKS // 2)
        for name in running.keys() - {name for name, trouble in troubles.items() if trouble.away}:
            self.nodes[name].step()  # what the chain refused is sent again
        return played

    def _play(self, name: str, trouble: Trouble) -> None:
        if trouble.away:
            return
        if trouble.wiped:
            self.stop(name)
            shutil.rmtree(self.subnet.root / name, ignore_errors=True)
        hub = self.hubs[name]
        models = (self.subnet.warehouse.model(quality) for quality in trouble.cut_off)
        hub.faults = {model.repository: HubUnavailable("no answer") for model in models}
        node = self.start(name)
        node.ports.scorer.dies_at = trouble.dies_at
        try:
            while node.step().outcome in ("judged", "void"):
                pass
        except Killed:
            self.stop(name)
        hub.faults = {}

    def start(self, name: str) -> Node:
        """The validator's process, started where none runs."""
        if name not in self.nodes:
            self.nodes[name] = self.subnet.node(name, hub=self.hubs[name], scorer=NoisyScorer())
        return self.nodes[name]

    def stop(self, name: str) -> None:
        """End the process where one runs."""
        if (node := self.nodes.pop(name, None)) is not None:
            node.kill()
            self.subnet.nodes.remove(node)

    def incentive(self, played: Played) -> dict[str, float]:
        """Who earned as of the round's sync block, by hotkey."""
        neurons = self.subnet.chain.metagraph(played.sync).neurons
        return {one.hotkey: one.incentive for one in neurons if one.incentive > 0}
