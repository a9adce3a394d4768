"""Commitments on a local chain: the byte budget of an epoch, and what stands at a block."""

import sqlite3

from finetune.chain.local import history
from finetune.chain.port import MAX_COMMITMENT_BYTES, Commitment
from finetune.errors import CommitmentTooLarge, RateLimited

# What a hotkey may commit in one epoch, and the least that one commitment counts for: so 31 small ones an epoch.
# Source: the chain's pallets/commitments, error `SpaceLimitExceeded`.
BUDGET = 3100  # bytes an epoch
LEAST_COST = 100  # bytes


def commit(db: sqlite3.Connection, block: int, tempo: int, hotkey: str, data: bytes) -> None:
    """Replace what the hotkey has committed from `block` on, inside the caller's transaction.

    Raises:
        CommitmentTooLarge: more than 128 bytes.
        NotRegistered: the hotkey has no uid.
        RateLimited: the epoch's budget of bytes does not hold it.
    """
    if len(data) > MAX_COMMITMENT_BYTES:
        raise CommitmentTooLarge(f"the commitment has {len(data)} bytes; at most {MAX_COMMITMENT_BYTES} are stored")
    registration = history.registrations_of(db, block, [hotkey])[hotkey]
    epoch_start = block - block % tempo
    (used,) = db.execute(
        "SELECT COALESCE(SUM(MAX(LENGTH(data), ?)), 0) FROM commitments WHERE registration = ? AND block >= ?",
        (LEAST_COST, registration, epoch_start),
    ).fetchone()
    if used + max(len(data), LEAST_COST) > BUDGET:
        raise RateLimited(
            f"{hotkey} has used {used} of the {BUDGET} bytes that it may commit in this epoch",
            allowed_from=epoch_start + tempo,
        )
    row = (block, registration, data)
    db.execute("INSERT INTO commitments (block, registration, data) VALUES (?, ?, ?)", row)


def standing(db: sqlite3.Connection, block: int) -> tuple[Commitment, ...]:
    """The standing commitment of each tenant that has one, by uid."""
    rows = db.execute(
        "SELECT registration, block, data FROM commitments"
        " WHERE id IN (SELECT MAX(id) FROM commitments WHERE block <= ? GROUP BY registration)",
        (block,),
    )
    last = {registration: (landed, data) for registration, landed, data in rows}
    found = [
        (tenant.hotkey, *last[tenant.registration])
        for tenant in history.tenants(db, block)
        if tenant.registration in last
    ]
    return tuple(Commitment(hotkey=hotkey, block=landed, data=data) for hotkey, landed, data in found)
