"""Weights on a local chain: who may set them and when, their quantisation, the block of their reveal, what stands.

It does not know what an epoch does with them. Weights are kept by registration, not by uid, so those set for one
tenant of a uid never reward the next.
"""

import json
import sqlite3
from collections.abc import Mapping

from finetune.chain.local import history
from finetune.chain.local.settings import LocalSettings
from finetune.chain.weights import check_weights
from finetune.errors import ChainError, RateLimited

MAX_WEIGHT = 65535  # the chain keeps weights as 16-bit numbers, scaled so that the largest of a row is this


def set_weights(
    db: sqlite3.Connection,
    block: int,
    settings: LocalSettings,
    hotkey: str,
    weights: Mapping[str, float],
    version_key: int,
) -> None:
    """Keep a validator's weights, by target hotkey, that land in `block`, inside the caller's transaction.

    Raises:
        ValueError: a weight is not finite or below 0, or none is above 0.
        NotRegistered: the validator or a target has no uid.
        ChainError: the validator has no permit, or its weights name too few.
        RateLimited: less than `weights_rate_limit` blocks after its last ones.
    """
    check_weights(weights)
    registrations = history.registrations_of(db, block, [hotkey, *weights])
    validator = registrations[hotkey]
    if validator not in history.permits(db, block, settings.max_validators):
        raise ChainError(f"{hotkey} has no validator permit at block {block}, so it cannot set weights")
    last = last_updates(db, block).get(validator)
    if last is not None and block < last + settings.weights_rate_limit:
        raise RateLimited(
            f"{hotkey} set weights in block {last}, and again only {settings.weights_rate_limit} blocks later",
            allowed_from=last + settings.weights_rate_limit,
        )
    applies = _reveal_block(block, tempo=settings.tempo, reveal_period=settings.reveal_period)
    targets = _quantised({registrations[target]: weight for target, weight in weights.items()})
    if refusal := refusal_of(len(targets), settings):
        raise ChainError(refusal)
    row = (block, applies, validator, json.dumps(targets), version_key)
    db.execute("INSERT INTO weights (block, applies, registration, targets, version_key) VALUES (?, ?, ?, ?, ?)", row)


def refusal_of(count: int, settings: LocalSettings) -> str:
    """Why weights for so many hotkeys are refused, or nothing."""
    if count >= settings.min_allowed_weights:
        return ""
    return f"this subnet refuses weights for fewer than {settings.min_allowed_weights} hotkeys, and ours name {count}"


def last_updates(db: sqlite3.Connection, block: int) -> dict[int, int]:
    """The block in which each registration last set weights, hidden ones included."""
    return dict(
        db.execute("SELECT registration, MAX(block) FROM weights WHERE block <= ? GROUP BY registration", (block,))
    )


def revealed(db: sqlite3.Connection, block: int) -> dict[int, dict[int, int]]:
    """The weights in force at a block, by the registrations of validator and target: current tenants only."""
    current = {tenant.registration for tenant in history.tenants(db, block)}
    rows = db.execute(
        "SELECT registration, targets FROM weights"
        " WHERE id IN (SELECT MAX(id) FROM weights WHERE applies <= ? GROUP BY registration)",
        (block,),
    )
    return {
        registration: {int(target): weight for target, weight in json.loads(targets).items() if int(target) in current}
        for registration, targets in rows
        if registration in current
    }


def _quantised(weights: Mapping[int, float]) -> dict[int, int]:
    """Checked weights as 16-bit numbers. Zeros are dropped, and with them what is below 1/131070 of the largest.

    Worked example: 0.5, 0.25 and 0.000001 become 65535, 32768 and nothing.
    """
    largest = max(weights.values())
    scaled = {target: round(weight / largest * MAX_WEIGHT) for target, weight in weights.items()}
    return {target: weight for target, weight in scaled.items() if weight > 0}


def _reveal_block(block: int, *, tempo: int, reveal_period: int) -> int:
    """The block at which weights that landed in a block are shown and begin to count.

    With a reveal period of p epochs it is the p-th epoch after them. Worked example: tempo 360 and p = 1; weights of
    block 360 and of block 719 are both revealed at 720, those of block 720 at 1080.
    """
    return block if reveal_period == 0 else (block // tempo + reveal_period) * tempo
