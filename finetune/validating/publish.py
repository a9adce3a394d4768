"""Stage 9, publish: weights to the chain, the report to whoever wants it. Neither may stop a round."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from finetune.chain.port import Chain, Metagraph, Signer
from finetune.errors import ChainError, FinetuneError, SetupError
from finetune.validating.state import State

# Half of the shortest activity cutoff of any subnet is longer. Asked every few seconds, a metagraph costs a public node
# ten requests each time.
NEVER_DUE_BLOCKS = 100


class Publisher(Protocol):
    """Takes signed reports: a folder, wandb, a board."""

    def publish(self, report: Mapping[str, Any]) -> None:
        """Take one report. Whatever it raises of our errors is told to the operator and goes no further."""
        ...


def set_weights(chain: Chain, hotkey: Signer, weights: Mapping[str, float], state: State) -> str:
    """Set the weights and remember them; returns what kept the chain from taking them, or nothing.

    Weights that are refused now are sent again by `resend`, so a refusal loses nothing.
    """
    if not weights:
        return ""
    state.want_weights(weights)
    try:
        block = chain.block()
        chain.set_weights(hotkey, weights)
    except (ChainError, SetupError) as error:
        return str(error)
    state.weights_set(block)
    return ""


def resend(chain: Chain, hotkey: Signer, state: State, block: int) -> str:
    """Send the wanted weights again: those that were refused, and any before the chain takes us for inactive.

    `block` is the newest, or one not much older: it spares a question where nothing can be due.
    Half of the activity cutoff is kept in hand. Weights that the chain has lost, because our hotkey was registered
    anew since, are sent again too. Returns what kept the chain from taking them, or nothing.
    """
    try:
        wanted = state.wanted_weights()
        if wanted is None:
            return ""
        weights, set_at = wanted
        if set_at is not None and block - set_at < NEVER_DUE_BLOCKS:
            return ""
        metagraph = chain.metagraph()
    except (ChainError, SetupError) as error:
        return str(error)
    if set_at is not None and metagraph.block - set_at < metagraph.activity_cutoff // 2:
        us = metagraph.by_hotkey.get(hotkey.ss58_address)
        if us is None or us.last_update >= set_at:
            return ""
    return set_weights(chain, hotkey, _of_the_registered(weights, metagraph), state)


def _of_the_registered(weights: Mapping[str, float], metagraph: Metagraph) -> Mapping[str, float]:
    """The weights without those of hotkeys that have left since they were judged: the chain takes none for them.

    Their share is burnt with the owner, as a reference's is, or else falls to the others in proportion.
    """
    lost = sum(share for hotkey, share in weights.items() if hotkey not in metagraph.by_hotkey)
    if not lost:
        return weights
    here = {hotkey: share for hotkey, share in weights.items() if hotkey in metagraph.by_hotkey}
    owner = metagraph.owner_hotkey
    if owner is not None and owner in metagraph.by_hotkey:
        here[owner] = here.get(owner, 0.0) + lost
    total = sum(here.values())
    return {hotkey: share / total for hotkey, share in here.items()}


def tell(publishers: Iterable[Publisher], report: Mapping[str, Any]) -> list[str]:
    """Give the report to everybody; returns what went wrong, one sentence each."""
    faults = []
    for publisher in publishers:
        try:
            publisher.publish(report)
        except FinetuneError as error:
            faults.append(str(error))
    return faults
