"""Attacks by numbers: many keys for one model, many models for one place."""

from finetune.rehearsal.attacks.attack import VICTIM_ENTERS, Attack
from finetune.rehearsal.attacks.attacker import Attacker
from finetune.rehearsal.attacks.changes import add_noise

_LATE = VICTIM_ENTERS + 3
KEYS, COPIES = 40, 10


def _one_model(attacker: Attacker) -> None:
    """One noisy copy of the champion under all keys."""
    folder = attacker.noisy_copy()
    revision = attacker.upload(folder)
    for hotkey in attacker.hotkeys:
        attacker.commit(revision, folder=folder, hotkey=hotkey)


def _noisy_copies(attacker: Attacker) -> None:
    """As many different copies as keys, of a model that has not won yet."""
    folder = attacker.copy()
    for number, hotkey in enumerate(attacker.hotkeys):
        add_noise(folder, size=0.001, seed=attacker.own_seed + number)
        attacker.submit(folder, hotkey=hotkey)


FLOODS = (
    Attack(
        name="many-registrations",
        says=f"Registers {KEYS} keys and submits one noisy copy of the champion under all of them.",
        acts={_LATE: _one_model},
        keys=KEYS,
    ),
    Attack(
        name="noisy-copies",
        says=f"Submits {COPIES} noisy copies of the strongest challenger, in the hope that one is luckier.",
        acts={VICTIM_ENTERS: _noisy_copies},
        keys=COPIES,
    ),
)
