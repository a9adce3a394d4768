"""What an attack is, as a value. What an attacker has in hand is in `attacker`; the attacks are in files by family.

A rehearsal with attacks has one honest best miner, `VICTIM`, who enters in round `VICTIM_ENTERS` and holds the seat
from then on: rounds 3 and later attack a champion, round 2 one who is still a challenger.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from finetune.rehearsal.attacks.attacker import Attacker
    from finetune.validating.loop import Step
    from finetune.validating.round import Ports

VICTIM = "best"
VICTIM_ENTERS = 2

Act = Callable[["Attacker"], object]  # whatever it returns is of no account


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A miner that cheats. `says` is one sentence on what it does.

    `acts` are what it does in time for a round, by the round's number; `on_sight` what it does while the victim's
    commitment is on its way. It registers `keys` hotkeys under one coldkey. Where it `trains`, it may end up with a
    model that is truly better, and then wins honestly.
    """

    name: str
    says: str
    acts: Mapping[int, Act]
    on_sight: Act | None = None
    keys: int = 1
    trains: bool = False

    @property
    def hotkeys(self) -> tuple[str, ...]:
        """The names of its hotkeys."""
        return tuple(f"{self.name}-{number}" for number in range(1, self.keys + 1)) if self.keys > 1 else (self.name,)

    @property
    def until(self) -> int:
        """The last round that it acts for."""
        return max(self.acts)


class Plays(Protocol):
    """Whatever takes a validator's turn in a round."""

    def step(self) -> "Step":
        """Play the round that is due."""
        ...


@dataclass(frozen=True, kw_only=True)
class ValidatorAttack:
    """A validator that does not play as the others do, with its own stake in alpha, from round `enters` on.

    `join` makes it from the ports that an honest validator in its place would have. `brings` are miners that it is
    in league with.
    """

    name: str
    says: str
    stake: float
    join: Callable[["Attacker", "Ports"], Plays]
    enters: int = 1
    until: int = 6
    brings: tuple[Attack, ...] = ()
