"""What an arena promises, and whether a rehearsal of one kept it: rules, rows, and what a delegator's stake does."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finetune.chain.port import Metagraph
from finetune.rehearsal.cast import Cast, Delegator


@dataclass(frozen=True, kw_only=True)
class Delegation:
    """What a delegator's stake did for its validator, from the epoch before it to the last one.

    `stake` is in alpha, and so is `earned`, the delegator's part of the dividends; shares are of all validators'.
    """

    delegator: str
    validator: str
    stake: float
    stake_share_before: float
    stake_share_after: float
    dividends_before: float
    dividends_after: float
    earned: float


def delegation_of(
    delegator: Delegator,
    epochs: Sequence[Metagraph],
    *,
    staked: int,
    hotkeys: Mapping[str, str],
    validators: Sequence[str],
    earned: float,
) -> Delegation | None:
    """The delegation, or nothing where no epoch came before it.

    Args:
        delegator: who staked on whom.
        epochs: all of them, in order.
        staked: the block after which the stake stood.
        hotkeys: by name.
        validators: the names of all validators.
        earned: what the delegator was paid, in alpha.
    """
    before = next((epoch for epoch in reversed(epochs) if epoch.block <= staked), None)
    if before is None:
        return None
    everyone, chosen = [hotkeys[name] for name in validators], hotkeys[delegator.validator]

    def stake_share(epoch: Metagraph) -> float:
        return epoch.by_hotkey[chosen].stake / sum(epoch.by_hotkey[one].stake for one in everyone)

    return Delegation(
        delegator=delegator.name,
        validator=delegator.validator,
        stake=delegator.stake,
        stake_share_before=stake_share(before),
        stake_share_after=stake_share(epochs[-1]),
        dividends_before=before.by_hotkey[chosen].dividends,
        dividends_after=epochs[-1].by_hotkey[chosen].dividends,
        earned=earned,
    )


def broken_promises(
    cast: Cast, hotkeys: Mapping[str, str], records: Sequence[Mapping[str, Any]], delegation: Delegation | None
) -> list[str]:
    """What an arena's rehearsal did not show as it must, one sentence each.

    `records` are all validators' reports.
    """
    return [*_entrants(cast, hotkeys, records), *_rows(records), *_delegated(delegation)]


def _entrants(cast: Cast, hotkeys: Mapping[str, str], records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Whoever breaks the competition's rules is turned away for that, and no other training node is."""
    found: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for key, rejection in record["rejections"].items():
            found[key.partition("@")[0]].add(rejection["reason"])
    sentences = []
    for miner in cast.miners:
        reasons = found[hotkeys[miner.name]]
        if reasons != ({miner.refused} if miner.refused else set()):
            must = f"for {miner.refused}" if miner.refused else "for nothing"
            sentences.append(f"{miner.name} must be rejected {must}; found: {', '.join(sorted(reasons)) or 'nothing'}")
    return sentences


def _rows(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """In a round all validators score the same rows, and no two rounds score the same."""
    digests: dict[int, set[str]] = defaultdict(set)
    for record in records:
        digests[record["sync"]].add(record["samples"]["digest"])
    sentences = [
        f"validators scored different rows in round {sync}" for sync, found in digests.items() if len(found) > 1
    ]
    if len(set.union(set(), *digests.values())) < len(digests):
        sentences.append("two rounds scored the same rows: a part was not hidden until its round")
    return sentences


def _delegated(delegation: Delegation | None) -> list[str]:
    """The stake raises the validator's share of the dividends and earns some."""
    if delegation is None:
        return ["nobody delegated after a first epoch, so nothing shows what a delegation does"]
    sentences = []
    if delegation.dividends_after <= delegation.dividends_before:
        sentences.append(
            f"the stake of {delegation.stake:g} alpha did not raise {delegation.validator}'s share of the dividends: "
            f"{delegation.dividends_before:.3f} before, {delegation.dividends_after:.3f} after"
        )
    if delegation.earned <= 0:
        sentences.append(f"{delegation.delegator} earned nothing with its stake")
    return sentences
