"""Attacks by copies: the champion's weights in other clothes, or moved too little to be better."""

from finetune.mining.practice import practice_samples
from finetune.rehearsal.attacks.attack import VICTIM_ENTERS, Attack
from finetune.rehearsal.attacks.attacker import Attacker, submit_changed
from finetune.rehearsal.attacks.changes import merge, permute, rescale, reshard, to_bfloat16
from finetune.rehearsal.samples import past
from finetune.streams.registry import open_stream

_AFTER = VICTIM_ENTERS + 1  # the first round that attacks a champion
_LATER = _AFTER + 2
_MERGED = 0.1  # so little of another model leaves a copy as strong as its original


def _merged(attacker: Attacker) -> None:
    """The mean of both would be no model at all: they were trained apart."""
    folder = attacker.copy()
    merge(folder, attacker.copy("steady"), share=_MERGED)
    attacker.submit(folder)


def _trained_on(attacker: Attacker) -> None:
    samples = practice_samples(attacker.competition, attacker.seed + 77, open_stream, past(attacker.chain))
    attacker.submit(attacker.train(attacker.copy(), samples, steps=3, learning_rate=1e-4))


def _noisy(attacker: Attacker) -> None:
    attacker.submit(attacker.noisy_copy())


def _second_key(attacker: Attacker) -> None:
    """What it has submitted under its first key, under its second."""
    first, second = attacker.hotkeys
    attacker.commit(attacker.submitted(first).payload.revision, folder=attacker.copy(first), hotkey=second)


COPIES = (
    Attack(
        name="exact-copy",
        says="Submits the champion's files as its own.",
        acts={_AFTER: lambda attacker: attacker.submit(attacker.copy())},
    ),
    Attack(
        name="resharded-copy",
        says="Spreads the champion's tensors over two files, so that every file has another hash.",
        acts={_AFTER: submit_changed(reshard, noisy=False)},
    ),
    Attack(
        name="copy-in-another-dtype",
        says="Rounds the champion's numbers to bfloat16, so that every tensor has another hash.",
        acts={_AFTER: submit_changed(to_bfloat16, noisy=False)},
    ),
    Attack(
        name="copy-with-noise",
        says="Adds a little noise to the champion's numbers.",
        acts={_AFTER: _noisy},
    ),
    Attack(
        name="copy-with-training",
        says="Trains the champion's model for three more steps.",
        acts={_AFTER: _trained_on},
        trains=True,
    ),
    Attack(
        name="merged-copies",
        says="Mixes a tenth of another miner's weights into the champion's.",
        acts={_AFTER: _merged},
    ),
    Attack(
        name="permuted-copy",
        says="Reorders the champion's neurons: other tensors that compute the same.",
        acts={_AFTER: submit_changed(permute, noisy=False)},
    ),
    Attack(
        name="rescaled-copy",
        says="Scales one side of each layer up and the other down: other tensors that compute the same.",
        acts={_AFTER: submit_changed(rescale, noisy=False)},
    ),
    Attack(
        name="second-key",
        says="Submits one noisy copy under one key, and two rounds later the same files under another.",
        acts={_AFTER: _noisy, _LATER: _second_key},
        keys=2,
    ),
)
