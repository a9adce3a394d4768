"""Stage 9, publish: weights to the chain, the report to whoever wants it. Neither may stop a round."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from finetune.chain.port import Chain, Signer
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


def resend(chain: Chain, hotkey: Signer, state: State) -> str:
    """Send the wanted weights again: those that were refused, and any before the chain takes us for inactive.

    Half of the activity cutoff is kept in hand. Returns what kept the chain from taking them, or nothing.
    """
    wanted = state.wanted_weights()
    if wanted is None:
        return ""
    weights, set_at = wanted
    if set_at is not None and chain.block() - set_at < NEVER_DUE_BLOCKS:
        return ""
    metagraph = chain.metagraph()
    due = set_at is None or metagraph.block - set_at >= metagraph.activity_cutoff // 2
    return set_weights(chain, hotkey, weights, state) if due else ""


def tell(publishers: Iterable[Publisher], report: Mapping[str, Any]) -> list[str]:
    """Give the report to everybody; returns what went wrong, one sentence each."""
    faults = []
    for publisher in publishers:
        try:
            publisher.publish(report)
        except FinetuneError as error:
            faults.append(str(error))
    return faults
