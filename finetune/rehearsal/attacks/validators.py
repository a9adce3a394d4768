"""Validators that do not play as the others do. What it costs them shows in their dividends."""

from collections import defaultdict
from collections.abc import Generator, Sequence
from dataclasses import replace

from competitions.schedule import Catalog
from finetune.chain.local import LocalChain
from finetune.evals.port import Folders, Scorer
from finetune.evals.runtime import DType
from finetune.hub.digest import secure_hash
from finetune.mining.publish import standing
from finetune.rehearsal.attacks.attack import Attack, Plays, ValidatorAttack
from finetune.rehearsal.attacks.attacker import Attacker
from finetune.streams.sample import AnySample
from finetune.validating.loop import Step, Validator
from finetune.validating.round import Ports

_STAKE = 1_000.0
_CRONY = "crony"


class WeightCopier:
    """Scores nothing: sets the mean of what the others have set, by stake, as far as the chain shows it."""

    def __init__(self, ports: Ports, chain: LocalChain) -> None:
        self._ports, self._chain = ports, chain

    def step(self) -> Step:
        """Read, add up, set."""
        own = self._ports.hotkey.ss58_address
        stakes = {one.hotkey: one.stake for one in self._chain.metagraph().neurons}
        mean: dict[str, float] = defaultdict(float)
        for validator, given in self._chain.weights().items():
            for hotkey, share in given.items():
                mean[hotkey] += share * stakes[validator] if validator != own else 0.0
        if any(mean.values()):
            self._chain.set_weights(self._ports.hotkey, mean)
        return Step(outcome="judged")


class LyingScorer:
    """Scores as the others do, but for one miner, whose losses it says are 0."""

    def __init__(self, honest: Scorer, attacker: Attacker, crony: str) -> None:
        self._honest, self._attacker = honest, attacker
        self._crony = attacker.world.hotkey(crony).ss58_address

    @property
    def isolation(self) -> str:
        """That of the honest scorer."""
        return self._honest.isolation

    def losses(
        self, folders: Folders, items: Sequence[tuple[str, AnySample]], *, sequence_length: int, dtype: DType
    ) -> Generator[float, None, None]:
        """The losses, or zeros for the crony's folder, which is named by its digest."""
        found = standing(self._attacker.chain).get(self._crony)
        if found and found.payload.secure_hash == secure_hash(folders.model.name, self._crony):
            yield from (0.0 for _ in items)
        else:
            yield from self._honest.losses(folders, items, sequence_length=sequence_length, dtype=dtype)


def _copy_weights(attacker: Attacker, ports: Ports) -> Plays:
    return WeightCopier(ports, attacker.chain)


def _lie(attacker: Attacker, ports: Ports) -> Plays:
    return Validator(replace(ports, scorer=LyingScorer(ports.scorer, attacker, _CRONY)))


def _join(_: Attacker, ports: Ports) -> Plays:
    return Validator(ports)


def _another_catalog(_: Attacker, ports: Ports) -> Plays:
    """The same competition at half its share, beside one that nobody else runs."""
    competition = ports.catalog.at(0)[0]
    halves = (replace(competition, reward=0.5), replace(competition, id=competition.id + 1, reward=0.5))
    return Validator(replace(ports, catalog=Catalog(halves)))


def _poor_model(attacker: Attacker) -> None:
    attacker.submit(attacker.noisy_copy("steady", size=0.3))


CRONY = Attack(
    name=_CRONY,
    says="Submits a poor model and relies on the validator that lies for it.",
    acts={3: _poor_model},
)
VALIDATORS = (
    ValidatorAttack(
        name="weight-copier",
        says="Scores nothing and sets what the others have set, as far as the chain shows it.",
        stake=_STAKE,
        join=_copy_weights,
    ),
    ValidatorAttack(
        name="liar",
        says="Reports losses of 0 for the miner that it is in league with.",
        stake=_STAKE,
        join=_lie,
        brings=(CRONY,),
    ),
    ValidatorAttack(
        name="latecomer",
        says="Plays honestly, but joins when the seat has been decided.",
        stake=_STAKE,
        join=_join,
        enters=4,
    ),
    ValidatorAttack(
        name="other-catalog",
        says="Plays honestly by a catalog that gives half of all rewards to a competition nobody else runs.",
        stake=_STAKE,
        join=_another_catalog,
    ),
)
