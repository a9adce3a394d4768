"""What a rehearsal has shown: the figures of `result.json`, and whether everything came out as it must."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from finetune.chain.port import Metagraph
from finetune.rehearsal.attacks.attack import ValidatorAttack
from finetune.rehearsal.attacks.verdicts import HONEST_WIN, Dividends, Verdict, dividends, verdict
from finetune.rehearsal.play import Rehearsal
from finetune.rehearsal.promises import Delegation, broken_promises, delegation_of
from finetune.rehearsal.world import OWNER
from finetune.validating.loop import Validator


@dataclass(frozen=True, kw_only=True)
class Result:
    """The end of a rehearsal. All tables but `names` are by hotkey; incentive and vtrust are those of the last epoch.

    `champion` is the hotkey that every validator seats, or "" where they disagree. `copier_incentive` is the sum over
    all copiers and all epochs. `earned` is in alpha, by coldkey. `attacks` and `rogues` say how attackers fared,
    `delegation` what a stake that came later did, `broken` what an arena promised and did not keep.
    """

    seconds: float
    seed: int
    champion: str
    expected_champion: str
    copier_incentive: float
    validators_agree: bool
    incentive: dict[str, float]
    dividends: dict[str, float]
    vtrust: dict[str, float]
    weights: dict[str, dict[str, float]]
    earned: dict[str, float]
    names: dict[str, str]
    attacks: tuple[Verdict, ...] = ()
    rogues: tuple[Dividends, ...] = ()
    delegation: Delegation | None = None
    broken: tuple[str, ...] = ()

    def as_table(self) -> dict[str, object]:
        """For `result.json`."""
        return asdict(self)

    def failures(self) -> list[str]:
        """Why the rehearsal did not come out as it must, one sentence each; empty when it did."""
        failures = [attack.failure for attack in self.attacks if attack.failure]
        honest = {self.names[self.expected_champion], *(one.name for one in self.attacks if one.reason == HONEST_WIN)}
        if self.names.get(self.champion) not in honest:
            found = self.names.get(self.champion, "nobody in agreement")
            failures.append(f"the best honest miner, {self.names[self.expected_champion]}, is not champion: {found} is")
        if self.copier_incentive > 0:
            failures.append(f"the copier earned an incentive of {self.copier_incentive:.6f}")
        if not self.validators_agree:
            failures.append("the validators disagree at the end: see weights in result.json")
        return [*failures, *self.broken]


def result_of(rehearsal: Rehearsal, seconds: float) -> Result:
    """Read the end of a rehearsal off its chain and its validators."""
    world, cast = rehearsal.world, rehearsal.cast
    metagraph, weights = world.chain.metagraph(), world.chain.weights()
    neurons = metagraph.by_hotkey
    owned = {OWNER: OWNER, **dict(cast.hotkeys())}
    hotkeys = {name: world.hotkey(name).ss58_address for name in owned}
    champions = {_seated(validator, rehearsal.competition) for validator in rehearsal.validators.values()}
    own = [weights.get(hotkeys[role.name], {}) for role in cast.validators]
    copiers = [hotkeys[one.name] for one in cast.miners if one.copies]
    people = [OWNER, cast.delegator.name, *cast.everyone]
    epochs, records = rehearsal.epochs, _records(rehearsal)
    refused = {name: one.refused for name, one in rehearsal.troop.attackers.items()} if rehearsal.troop else {}
    earned = {world.coldkey(name): world.chain.earned(world.coldkey(name)) for name in people}
    delegation = delegation_of(
        cast.delegator,
        epochs,
        staked=rehearsal.delegated,
        hotkeys=hotkeys,
        validators=[role.name for role in cast.validators],
        earned=earned[world.coldkey(cast.delegator.name)],
    )
    return Result(
        seconds=round(seconds, 3),
        seed=world.seed,
        champion=next(iter(champions)) if len(champions) == 1 else "",
        expected_champion=hotkeys[cast.best],
        copier_incentive=sum(epoch.by_hotkey[hotkey].incentive for epoch in epochs for hotkey in copiers),
        validators_agree=len(champions) == 1 and all(one and one == own[0] for one in own),
        incentive={one.hotkey: one.incentive for one in metagraph.neurons},
        dividends={one.hotkey: one.dividends for one in metagraph.neurons},
        vtrust={hotkeys[role.name]: neurons[hotkeys[role.name]].validator_trust for role in cast.validators},
        weights=weights,
        earned=earned,
        names={**{hotkey: name for name, hotkey in hotkeys.items()}, **{world.coldkey(name): name for name in people}},
        attacks=tuple(verdict(one, hotkeys, records, epochs, refused.get(one.name, ())) for one in cast.attacks),
        rogues=tuple(
            dividends(one, hotkeys[one.name], hotkeys[cast.validators[0].name], _since(one, rehearsal))
            for one in cast.rogues
        ),
        delegation=delegation,
        broken=tuple(broken_promises(cast, hotkeys, records, delegation)) if cast.creator else (),
    )


def _since(rogue: ValidatorAttack, rehearsal: Rehearsal) -> list[Metagraph]:
    """The epochs from a validator's first round on: in a rehearsal, a round and an epoch last equally long."""
    tempo = rehearsal.world.chain.settings.tempo
    return [epoch for epoch in rehearsal.epochs if epoch.block >= rogue.enters * tempo]


def _records(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    """What the honest validators have reported, in the order of rounds."""
    reports = rehearsal.world.out / "reports"
    paths = [path for role in rehearsal.cast.validators for path in (reports / role.name).glob("*.json")]
    return [json.loads(path.read_text("utf-8"))["record"] for path in sorted(paths, key=lambda path: path.name)]


def _seated(validator: Validator, competition: int) -> str:
    """The hotkey that a validator seats, "" for the reference."""
    kept = validator.state.seat(competition)
    return kept[0].champion.hotkey or "" if kept else ""
