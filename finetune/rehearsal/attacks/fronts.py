"""Attacks on the order of things: what is committed, uploaded and shown when, and under whose name."""

from finetune.rehearsal.attacks.attack import VICTIM, VICTIM_ENTERS, Attack
from finetune.rehearsal.attacks.attacker import Attacker

_AFTER = VICTIM_ENTERS + 1
_MADE_UP = "c0ffee" * 6 + "c0ff"  # a revision that its repository will never have


def _poor(attacker: Attacker) -> None:
    """Submit a poor model of its own."""
    attacker.submit(attacker.noisy_copy("steady", size=0.3))


def _peek(attacker: Attacker) -> None:
    """Take what the victim uploads before its commitment stands; its repository's name is no secret."""
    listing = attacker.hub.listing(attacker.world.repository(VICTIM), None)
    folder = attacker.new_folder()
    folder.mkdir()
    attacker.hub.download(listing, [file.path for file in listing.files], folder)
    attacker.submit(folder)


def _commit_first(attacker: Attacker) -> None:
    """Commit an early place in the queue for files that are not there yet."""
    attacker.commit(_MADE_UP, folder=attacker.base)


def _swap(attacker: Attacker) -> None:
    """Commit a poor model, then make the repository anew with a better one."""
    _poor(attacker)
    attacker.delete()
    folder = attacker.noisy_copy()
    attacker.upload(folder)


def _push_over(attacker: Attacker) -> None:
    """Commit a poor model, then push a better one over it."""
    _poor(attacker)
    folder = attacker.noisy_copy()
    attacker.upload(folder)


def _submit_and_delete(attacker: Attacker) -> None:
    _poor(attacker)
    attacker.delete()


def _submit_and_hide(attacker: Attacker) -> None:
    _poor(attacker)
    attacker.hub.set_private(attacker.repository, True)


def _wrong_hash(attacker: Attacker) -> None:
    """Commit the hash of one folder for the revision of another."""
    folder = attacker.noisy_copy()
    attacker.commit(attacker.upload(folder), folder=attacker.base)


def _anothers_hash(attacker: Attacker) -> None:
    attacker.commit_bytes(attacker.submitted(VICTIM).payload.encode())


FRONTS = (
    Attack(
        name="front-runner",
        says="Looks for the best miner's upload while its commitment is on its way, and commits what it can read.",
        acts={VICTIM_ENTERS: lambda attacker: attacker.submit(attacker.copy())},
        on_sight=_peek,
    ),
    Attack(
        name="commit-before-upload",
        says="Commits a made-up revision before the best miner does, and uploads a copy of its model there later.",
        acts={1: _commit_first, _AFTER: lambda attacker: attacker.upload(attacker.copy())},
    ),
    Attack(
        name="swapped-repository",
        says="Commits a poor model, deletes the repository and makes it anew with a copy of the champion.",
        acts={_AFTER: _swap},
    ),
    Attack(
        name="pushed-over",
        says="Commits a poor model, then pushes a copy of the champion over it.",
        acts={_AFTER: _push_over},
    ),
    Attack(
        name="deleted-repository",
        says="Deletes its repository once the commitment stands.",
        acts={_AFTER: _submit_and_delete},
    ),
    Attack(
        name="private-repository",
        says="Hides its repository before a round, shows it for one, and hides it again.",
        acts={
            _AFTER: _submit_and_hide,
            _AFTER + 1: lambda attacker: attacker.hub.set_private(attacker.repository, False),
            _AFTER + 2: lambda attacker: attacker.hub.set_private(attacker.repository, True),
        },
    ),
    Attack(name="wrong-hash", says="Commits a hash that is not that of its files.", acts={_AFTER: _wrong_hash}),
    Attack(
        name="anothers-hash",
        says="Repeats the champion's commitment, byte for byte, under its own key.",
        acts={_AFTER: _anothers_hash},
    ),
)
