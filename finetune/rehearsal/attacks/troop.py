"""All attackers of one rehearsal, made to act when it is their turn."""

from collections.abc import Callable
from pathlib import Path

from competitions.competition import Competition
from finetune.errors import HubError
from finetune.rehearsal.attacks.attack import Act
from finetune.rehearsal.attacks.attacker import Attacker
from finetune.rehearsal.cast import Cast
from finetune.rehearsal.world import World


class Troop:
    """The attackers at work, miners and validators, by name."""

    def __init__(
        self, world: World, cast: Cast, competition: Competition, base: Path, say: Callable[[str], None]
    ) -> None:
        """Nobody has done anything yet. `base` is the folder of the competition's base model."""
        self._cast, self._say = cast, say
        hotkeys = {one.name: one.hotkeys for one in cast.attacks} | {one.name: (one.name,) for one in cast.rogues}
        self.attackers = {
            name: Attacker(name=name, hotkeys=keys, world=world, competition=competition, base=base)
            for name, keys in hotkeys.items()
        }

    def act(self, number: int) -> None:
        """Let everybody act who acts in time for round `number`."""
        for attack in self._cast.attacks:
            if number in attack.acts:
                self._let(attack.name, attack.acts[number])

    def see(self) -> None:
        """Let everybody act who watches for the victim's commitment, which is on its way."""
        for attack in self._cast.attacks:
            if attack.on_sight is not None:
                self._let(attack.name, attack.on_sight)

    def _let(self, name: str, act: Act) -> None:
        """An act that the hub refuses is over; the refusal is kept."""
        attacker = self.attackers[name]
        self._say(f"{name} attacks")
        try:
            act(attacker)
        except HubError as error:
            attacker.refused.append(str(error))
