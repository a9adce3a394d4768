"""The chain as reports tell it, for a board that is made without one: who is registered, and who was given weight.

Stake, vtrust and permits are the chain's alone: they stay empty, and every signer counts as a validator.
"""

from collections.abc import Iterable, Mapping, Sequence

from finetune.board.record import Account
from finetune.board.rounds import Round
from finetune.chain.port import Metagraph, Neuron


def told_metagraph(accounts: Sequence[Account]) -> Metagraph:
    """Who the newest report says is registered, and everybody who signed. Without reports it is empty."""
    if not accounts:
        return Metagraph(block=0, tempo=1, activity_cutoff=0, weights_rate_limit=0, owner_hotkey=None, neurons=())
    record = max(accounts, key=lambda one: (one.record.sync, one.validator)).record
    signers = {one.validator for one in accounts}
    coldkeys = {one.hotkey: one.coldkey for one in record.submissions}
    uids = dict(record.uids)
    for hotkey in sorted(signers - uids.keys()):
        uids[hotkey] = max(uids.values(), default=-1) + 1
    neurons = [
        Neuron(
            uid=uid,
            hotkey=hotkey,
            coldkey=coldkeys.get(hotkey, ""),
            stake=0.0,
            validator_permit=hotkey in signers,
            last_update=-1,
            block_at_registration=0,
            incentive=record.weights.get(hotkey, 0.0),
            dividends=0.0,
            consensus=record.consensus.get(hotkey, 0.0),
            validator_trust=0.0,
        )
        for hotkey, uid in sorted(uids.items(), key=lambda pair: (pair[1], pair[0]))
    ]
    return Metagraph(
        block=record.sync,
        tempo=record.tempo,
        activity_cutoff=0,
        weights_rate_limit=0,
        owner_hotkey=record.owner,
        neurons=tuple(neurons),
    )


def told_weights(accounts: Iterable[Account]) -> dict[str, Mapping[str, float]]:
    """The newest weights that each validator says it sets, by validator and hotkey."""
    newest: dict[str, Account] = {}
    for one in accounts:
        known = newest.get(one.validator)
        if known is None or one.record.sync > known.record.sync:
            newest[one.validator] = one
    return {validator: one.record.weights for validator, one in newest.items()}


def told_shares(rounds: Iterable[Round]) -> list[tuple[int, Mapping[str, float]]]:
    """The weights that each round ended with, by hotkey."""
    return [(one.sync, one.record.weights) for one in rounds]
