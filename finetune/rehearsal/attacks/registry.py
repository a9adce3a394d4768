"""Attacks by name. A new attack is one entry in its family's file."""

from collections.abc import Mapping, Sequence

from finetune.errors import SetupError
from finetune.rehearsal.attacks.attack import Attack, ValidatorAttack
from finetune.rehearsal.attacks.copies import COPIES
from finetune.rehearsal.attacks.files import FILES
from finetune.rehearsal.attacks.floods import FLOODS
from finetune.rehearsal.attacks.fronts import FRONTS
from finetune.rehearsal.attacks.models import MODELS
from finetune.rehearsal.attacks.validators import VALIDATORS

ALL = "all"
ATTACKS: Mapping[str, Attack | ValidatorAttack] = {
    one.name: one for one in (*COPIES, *FRONTS, *FILES, *MODELS, *FLOODS, *VALIDATORS)
}


def choose(names: Sequence[str]) -> tuple[Attack | ValidatorAttack, ...]:
    """The attacks of these names, each once, in the registry's order; `ALL` stands for every one.

    Raises `SetupError` for an unknown name.
    """
    for name in names:
        if name != ALL and name not in ATTACKS:
            raise SetupError(f"no attack is called {name!r}; there are {ALL}, {', '.join(ATTACKS)}")
    return tuple(one for name, one in ATTACKS.items() if name in names or ALL in names)
